"""How much of the top of a list depends on weights that nobody knows exactly.

The weights of a scorecard are judgements about evidence, and the evidence is thin. So they are drawn again
and again from what the model itself states of their uncertainty, and each time the first places are given
anew. Beside that stand two lists without evidence that may feed on itself.
"""

from triage.worklist.stability.measure import measure_stability
from triage.worklist.stability.result import STABILITY_SCHEMA, Stability, Variant
from triage.worklist.stability.spreads import stated_spreads

__all__ = ["STABILITY_SCHEMA", "Stability", "Variant", "measure_stability", "stated_spreads"]
