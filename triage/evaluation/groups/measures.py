"""What an audit by group measures, and the words of its verdicts."""

from __future__ import annotations

MISSED = "missed children (false negative rate)"
NEEDLESS = "needless intrusions (false discovery rate)"
BURDEN = "burden (needless intrusions per 1,000 cases)"
PRECISION = "precision (positive predictive value)"
OPENED = "share opened"
FALSE_POSITIVE = "opened without current abuse (false positive rate)"
BASE_RATE = "base rate"
AUC = "area under the ROC curve"
OBSERVED = "observed over expected"
IN_THE_LARGE = "calibration in the large"

ALL = "all cases"
NO_DIFFERENCE = "no difference shown"
NO_VERDICT = "no verdict"
# Of each measure that has a verdict: what it is called when a group has more, and when it has less.
VERDICTS = {
    MISSED: ("more missed than elsewhere", "fewer missed than elsewhere"),
    NEEDLESS: ("more needless intrusions than elsewhere", "fewer needless intrusions than elsewhere"),
    OBSERVED: ("probabilities too low against elsewhere", "probabilities too high against elsewhere"),
}
