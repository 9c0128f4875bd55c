"""Draw the pictures of the pages from a synthetic world: `make pictures`. The first needs Chromium."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

import triage

if TYPE_CHECKING:
    from triage import Evaluation

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
WORLD, SEED, CASES = "nl-2017", 2018, 18_000
MORNING, OPENED = 300, 12
WIDTH, HEIGHT = 1280, 1190
# The trained bundle has seen another draw of the same world, with seed 2017.
TRAINED = "additive"
ORDERS = ("arrival", "urgency", "rules", "four-step", "expert")
COLOURS = 128
DENOMINATOR = "cases with a score"
ALT = {
    "worklist.png": "The page of a worklist of synthetic reports: the escalated case first, then ranked "
    "cases with score, deadline, sources and the reasons for their places.",
    "recall.png": "Recall at capacity on synthetic cases: share of those with current abuse that are opened, "
    "by the share of cases that can be opened, for seven orders with intervals. Arrival finds least, the "
    "oracle most.",
    "reliability.png": "Reliability diagram of a trained model on synthetic cases: what was observed where "
    "the model gave each probability, with the band in which a calibrated model lies.",
}


def list_inputs() -> list[Path]:
    """Return the files that the pictures rest on."""
    return sorted(
        [
            ROOT / f"synthetic_data/worlds/{WORLD}.toml",
            ROOT / "models/policies/default.toml",
            *(ROOT / f"models/{name}.toml" for name in ORDERS),
            *(ROOT / "models" / WORLD / TRAINED).glob("*.json"),
        ]
    )


def describe_inputs() -> dict[str, str]:
    """Return what each of those files is, so that a picture that no longer shows them can be told."""
    return {
        str(path.relative_to(ROOT)): hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        for path in list_inputs()
    }


def photograph_worklist(folder: Path) -> None:
    """Make the page of a morning's list and photograph its beginning."""
    triage.write_world(triage.load_world(WORLD), MORNING, SEED, folder / "morning")
    batch, expert = triage.open_batch(folder / "morning"), triage.load_model("expert")
    worklist = triage.build_worklist(batch, expert, triage.Capacity(count=OPENED))
    explained = triage.explain_cases(batch, expert, worklist.table["case_id"].to_pylist()[:50])
    triage.export(worklist, folder / "list.html", details=explained)
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if browser is None:
        raise SystemExit("no Chromium here: install one (on Debian: apt-get install chromium)")
    subprocess.run(
        [
            browser,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={folder / 'profile'}",
            f"--window-size={WIDTH},{HEIGHT}",
            "--virtual-time-budget=3000",
            f"--screenshot={folder / 'worklist.png'}",
            (folder / "list.html").as_uri(),
        ],
        check=True,
        capture_output=True,
    )
    keep(folder / "worklist.png")


def evaluate_year(folder: Path) -> tuple[Evaluation, pa.Table]:
    """Score a year of the world under every model, and evaluate all on the cases that each of them scores."""
    triage.write_world(triage.load_world(WORLD), CASES, SEED, folder / "year")
    batch = triage.open_batch(folder / "year")
    table = pq.read_table(folder / "year-truth" / "truth.parquet")
    for name in (f"{WORLD}/{TRAINED}", *ORDERS):
        listed = triage.build_worklist(batch, triage.load_model(name)).table
        short = name.removeprefix(f"{WORLD}/")
        listed = listed.filter(listed["score"].is_valid())
        columns = {"case_id": listed["case_id"].cast(pa.string()), short: break_ties(listed)}
        if short == TRAINED:
            columns["probability"] = listed["probability"]
        table = triage.join_outcomes(pa.table(columns), table, "truth")
    result = triage.evaluate(
        table["current_abuse"].to_numpy(),
        table[TRAINED].to_numpy(),
        baselines={name: table[name].to_numpy() for name in ORDERS},
        oracle=table["oracle"].to_numpy(),
        denominator=DENOMINATOR,
        synthetic=True,
    )
    return result, table


def break_ties(listed: pa.Table) -> pa.Array:
    """Return one number a case in the order of a list: by score, among equal scores the longest waiting."""
    order = np.lexsort([listed["case_id"].cast(pa.string()), listed["waiting_hours"], listed["score"]])
    place = np.empty(len(order))
    place[order] = np.arange(len(order))
    return pa.array(place)


def draw_recall(result: Evaluation, folder: Path) -> None:
    """Draw recall at capacity of every order beside the oracle."""
    display = triage.RecallDisplay(result).plot()
    # As on a list, no two cases stand in one place here, so that there are no ties to widen over.
    basis = display.ax_.get_xlabel().replace("widened over ties at the cut", "ties to the longest waiting")
    display.ax_.set_xlabel(basis)
    for label in display.ax_.get_legend().get_texts():
        label.set_text({"model": f"{TRAINED} (trained)"}.get(label.get_text(), label.get_text()))
    display.figure_.savefig(folder / "recall.png", dpi=130, bbox_inches="tight")
    plt.close(display.figure_)
    keep(folder / "recall.png")


def draw_reliability(table: pa.Table, folder: Path) -> None:
    """Draw what was observed where the trained model gave a probability."""
    display = triage.ReliabilityDisplay.from_predictions(
        table["current_abuse"].to_numpy(),
        table["probability"].to_numpy(),
        denominator=DENOMINATOR,
        seed=SEED,
        synthetic=True,
    )
    display.figure_.savefig(folder / "reliability.png", dpi=130, bbox_inches="tight")
    plt.close(display.figure_)
    keep(folder / "reliability.png")


def keep(picture: Path) -> None:
    """Keep a picture in few colours, which is enough for lines and letters."""
    image = Image.open(picture).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(HERE / picture.name, optimize=True)


def main() -> None:
    """Draw all, and write down what they rest on."""
    mpl.use("agg")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        photograph_worklist(folder)
        result, table = evaluate_year(folder)
        draw_recall(result, folder)
        draw_reliability(table, folder)
    rests_on = {"world": WORLD, "seed": SEED, "cases": CASES, "alt": ALT, "files": describe_inputs()}
    (HERE / "pictures.json").write_text(json.dumps(rests_on, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
