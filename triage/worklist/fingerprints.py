"""What a list was made with, in a few letters: what differs between two lists differs here."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from triage.schema.meta import BatchMeta
    from triage.scoring.bundle import Bundle
    from triage.worklist.policy import Policy

_DIGITS = 8


def take_fingerprints(bundle: Bundle, policy: Policy, meta: BatchMeta, digest: str, capacity: int) -> str:
    """Return the first digits of the hashes of model, policy and batch, and the capacity.

    Parameters
    ----------
    bundle : Bundle
        The model and its calibration.
    policy : Policy
        As it is written. A capacity that was given beside it is told by itself.
    meta : BatchMeta
        What the batch says of itself.
    digest : str
        Of the rows of the batch; empty where nobody took it, and then what it says of itself counts.
    capacity : int
        Cases that can be opened.
    """
    curve = bundle.calibration.as_dict() if bundle.calibration else None
    model = json.dumps([bundle.model.as_dict(), curve], sort_keys=True, default=str)
    # Where the parts of a batch end says nothing of what is in it.
    told = json.dumps({**asdict(meta), "parts": 0}, sort_keys=True, default=str)
    prints = {
        "model": hashlib.sha256(model.encode()).hexdigest(),
        "policy": policy.digest,
        "batch": digest or hashlib.sha256(told.encode()).hexdigest(),
    }
    words = [f"{name}:{whole[:_DIGITS]}" for name, whole in prints.items()]
    return " ".join([*words, f"capacity:{capacity}"])
