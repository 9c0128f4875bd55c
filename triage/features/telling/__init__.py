"""The facts behind a feature, for the sentences in which it is told: which rows, how many, when."""

from triage.features.telling.facts import FACTS
from triage.features.telling.sentence import tell, tell_each, tell_facts

__all__ = ["FACTS", "tell", "tell_each", "tell_facts"]
