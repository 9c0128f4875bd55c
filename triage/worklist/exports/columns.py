"""What each column of the list means, in one sentence for the person who reads it."""

from __future__ import annotations

COLUMNS: dict[str, str] = {
    "rank": "Place on the list. Youth and paused cases are numbered on lists of their own.",
    "lane": "Why it is on the list: unreadable, escalated, youth, ranked or paused.",
    "tier": "Deadline class: 1 is 24 hours, 2 is 7 days, 3 is 14 days, 4 is 30 days, 5 is not planned.",
    "case_id": "Token of the case; triage open gives the source's report numbers.",
    "score": "The model's number; ranked cases stand in its order. Empty for a child to protect, or hidden.",
    "probability": "Calibrated reading of the score; empty where it is not calibrated for these cases.",
    "probability_low": "Lower end of the band of the calibration curve; not of the one case.",
    "probability_high": "Upper end of the band of the calibration curve; not of the one case.",
    "due_at": "When it must be opened; with a record, urgent cases and children keep their first date.",
    "received_at": "When the first report came.",
    "waiting_hours": "Hours since the first report came.",
    "reports": "Reports that were linked into the case.",
    "sources": "Kinds of source that reported it.",
    "country": "Countries of jurisdiction, where known.",
    "solvability": "How well the person is identified, and whether the country is known.",
    "completeness": "Share of the questions that an agency can answer to which the answer is known; hidden"
    " with the score.",
    "reasons": "The largest contributions to the score, of both signs; where it is hidden, by the alphabet.",
    "missing": "Facts not known that could move it most, with the rank under each answer.",
    "tied": "Ranked cases with the same score, this one included; empty on lists with hidden scores.",
    "model": "The model that scored it.",
    "batch": "The batches in which its reports came, the newest first; of more than three, how many more.",
    "unit": "The unit that the case is assigned to.",
    "imminence": "What escalates it.",
    "preserve_until": "Until when the source keeps its evidence: the earliest date still ahead.",
    "evidence_days": "Days until the evidence ends; below 0 it may be gone.",
    "check": "The one register check that is most worth asking for.",
    "lists": "Other lists on which the case also stands.",
    "aliases": "Earlier names of the case, from before it was merged.",
    "policy": "The policy that put it in its lane and tier.",
    "fingerprints": "First letters of the hashes of model, policy and batch, and the capacity.",
}
