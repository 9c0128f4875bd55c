"""What people decide of the list: who goes on top, deadlines, capacity, audit, pauses and referral."""

from triage.worklist.policy.capacity import Capacity, parse_capacity, share_places, take_capacity
from triage.worklist.policy.policy import Audit, Blanket, Ordering, Policy, Referral
from triage.worklist.policy.reading import list_policies, load_policy
from triage.worklist.policy.rules import Condition, Rule
from triage.worklist.policy.tiers import LANES, NOT_PLANNED, TIERS, Tier, days_of, tier_of

__all__ = [
    "LANES",
    "NOT_PLANNED",
    "TIERS",
    "Audit",
    "Blanket",
    "Capacity",
    "Condition",
    "Ordering",
    "Policy",
    "Referral",
    "Rule",
    "Tier",
    "days_of",
    "list_policies",
    "load_policy",
    "parse_capacity",
    "share_places",
    "take_capacity",
    "tier_of",
]
