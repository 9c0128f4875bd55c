"""What reasons for every case add to scoring without them: processor seconds of both, part by part, as JSON.

python benchmarks/whole/reasons.py BATCH MODEL OUT

Features, contributions and score are timed, then the reasons; reading and checking a part are not.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np

from triage import load_model, open_batch
from triage.features.catalogue import build_features
from triage.features.view import View
from triage.worklist.reasons import give_reasons


def main(folder: Path, name: str, out: Path) -> None:
    batch, model = open_batch(folder), load_model(name).model
    scoring = reasons = 0.0
    for part in batch.parts():
        start = time.process_time()
        view = View(part, np.full(len(part.cases), int(batch.meta.as_of.timestamp())))
        matrix = build_features(view, model.features)
        contributions = model.contributions(matrix)
        model.score(contributions)
        middle = time.process_time()
        give_reasons(model, matrix, contributions, view)
        scoring, reasons = scoring + middle - start, reasons + time.process_time() - middle
    told = {"scoring": round(scoring, 3), "with_reasons": round(scoring + reasons, 3)}
    (out / "reasons.json").write_text(json.dumps(told), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
