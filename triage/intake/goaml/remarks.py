"""What the reading of goAML has to say."""

from triage.intake.notes import Remark
from triage.schema.findings import Level

NO_RATE = Remark(
    Level.FIELD,
    "amount_eur",
    "an amount in a currency without a rate, or no amount",
    "euro, or a rate in the mapping",
    "counts as unknown; give the agency's rates in a mapping of its own",
)
NO_SIGN = Remark(
    Level.FIELD,
    "amount_eur",
    "a payment of several parties that does not say who paid",
    "a role of sender or receiver that the mapping knows",
    "the amount counts as unknown; add the national roles to the mapping",
)
UNKNOWN_CODE = Remark(
    Level.FIELD,
    "payment_channel",
    "a national code that the mapping does not know",
    "a code of the mapping",
    "counts as unknown; the summary names the codes: add them to a mapping of the agency's own",
)
ODD_INDICATOR = Remark(
    Level.FIELD,
    "indicator_codes",
    "an indicator that does not look like a code",
    "a short national code",
    "it is left behind; add it to a mapping of the agency's own if it is one",
)
SAME_REFERENCE = Remark(
    Level.NOTE,
    "source_ref_hash",
    "two reports of one bank with the same reference and different contents",
    "a reference of its own for each report",
    "both are kept; a payment that stands in both counts once",
)
SAME_NUMBER = Remark(
    Level.NOTE,
    "transaction_id",
    "two payments of one bank with the same number and different contents",
    "a number of its own for each payment",
    "both are kept as rows of their own",
)
