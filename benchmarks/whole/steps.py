"""What is run on a world: the floor, the product in several ways, and those it is compared with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
TRIAGE = [sys.executable, "-m", "triage"]
# Beyond these the typical script would take hours and the pandas pipeline more memory than a laptop has.
TYPICAL_CASES, PANDAS_CASES = 10_000, 1_000_000
# Nor is there more to see of these in a larger world than that they take as much longer.
OTHER_CASES = 1_000_000
MODELS = {"expert": "expert", "additive": "nl-2017/additive", "boosted": "nl-2017/boosted"}


@dataclass(frozen=True)
class Step:
    """A command; ``{batch}``, ``{out}``, ``{fitted}`` and ``{scheduler}`` stand for what is filled in.

    Parameters
    ----------
    name : str
        In the results.
    about : str
        On the page.
    command : list of str
        The command.
    most : int, optional
        Cases of the largest world it is run on.
    once : bool
        Run in the first round alone.
    told : str
        File that it writes into its folder, to be kept with the results.
    """

    name: str
    about: str
    command: list[str]
    most: int | None = None
    once: bool = False
    told: str = ""

    def fill(self, **names: str) -> list[str]:
        return [word.format(**names) for word in self.command]


def score(model: str, *more: str) -> list[str]:
    outs = ["--out", "{out}/list.csv", "--out", "{out}/list.parquet"]
    return [*TRIAGE, "score", "{batch}", "--model", MODELS[model], *outs, "--top", "0", *more]


def score_alone(model: str) -> list[str]:
    return score(model, "--jobs", "1")


def own(script: str, *words: str) -> list[str]:
    return [sys.executable, str(HERE / script), *words]


STEPS = (
    Step("floor", "decoding the same Parquet, one thread", own("floor.py", "{batch}")),
    Step("expert", "`triage score`, `expert`, one process", score_alone("expert")),
    Step("pandas", "pandas and scikit-learn, well written", own("pandas_list.py", "{batch}", "{fitted}", "{out}"), most=PANDAS_CASES),
    Step("expert, 2 processes", "`triage score`, `expert`, two processes", score("expert", "--jobs", "2")),
    Step("expert, Dask", "`triage score`, `expert`, two Dask workers", score("expert", "--scheduler", "{scheduler}"), most=OTHER_CASES),
    Step("additive", "`triage score`, `nl-2017/additive`, one process", score_alone("additive"), most=OTHER_CASES),
    Step("boosted", "`triage score`, `nl-2017/boosted`, one process", score_alone("boosted"), most=OTHER_CASES),
    Step("typical", "merge, groupby.apply, iterrows", own("typical.py", "{batch}", "{fitted}", "{out}"), most=TYPICAL_CASES, once=True),
    Step("reasons, expert", "", own("reasons.py", "{batch}", MODELS["expert"], "{out}"), told="reasons.json", most=OTHER_CASES),
    Step("reasons, additive", "", own("reasons.py", "{batch}", MODELS["additive"], "{out}"), told="reasons.json", most=OTHER_CASES),
    Step("stages, expert", "", own("stages.py", "{batch}", MODELS["expert"], "{out}"), once=True, told="stages.json", most=OTHER_CASES),
    Step("stages, boosted", "", own("stages.py", "{batch}", MODELS["boosted"], "{out}"), once=True, told="stages.json", most=OTHER_CASES),
)  # fmt: skip

# From the shell, cold: the smallest batch, and nothing at all.
SMALL_CASES = 1_000
STARTS = (
    *(Step(f"cold, {name}", f"1,000 cases, `{MODELS[name]}`", score(name)) for name in MODELS),
    Step("help", "`triage --help`", [*TRIAGE, "--help"]),
    Step("import", "`import triage`", [sys.executable, "-c", "import triage"]),
    Step("python", "Python alone", [sys.executable, "-c", ""]),
)
