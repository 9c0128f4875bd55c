"""The ten canonical tables, declared once.

Everything that knows a column reads it from here: the Arrow types, the check, the importers, the data
dictionary and the worlds. The model is category and code only: there is no column for a name, an address,
a text, a file name or a hash of material, and none may be added.
"""

from __future__ import annotations

from triage.schema.declare import Column, Kind, Knowable, Table, code, code_set, country, flag, time, token

ENRICHMENT, EITHER, OUTCOME = Knowable.ENRICHMENT, Knowable.EITHER, Knowable.OUTCOME

MINOR_BANDS = ("0-12", "13-15", "16-17")
ADULT_BANDS = ("18-24", "25-39", "40-59", "60+")

_CASE = token("case_id", "the case that the row belongs to", knowable=Knowable.LINKING)
_KNOWN = time("known_at", "when the agency knew the row; its reception time where no other is given")
_ENRICHED = time(
    "enriched_at",
    "when the enrichment columns of the row were last filled; they count only from then on",
    knowable=ENRICHMENT,
)

REPORTS = Table(
    "reports",
    "one message from a platform, hotline, bank, police force or person",
    ("report_id",),
    (),
    (
        token("report_id", "names the report", required=True),
        _CASE,
        code(
            "source_system",
            "the format in which the report came; decides which fields can be present at all",
            "cybertipline_xml cybertip_le_json iccam hotline_form uk_csea_irp goaml helpline foreign_police"
            " other",
        ),
        token(
            "source_ref_hash",
            "the sender's own report number, hashed",
            source="NCMEC reportId; ICCAM reference",
        ),
        time("received_at", "when the agency received the report", source="LE JSON dateReceived"),
        time("incident_at", "last known moment of the incident; fuzzy", source="NCMEC incidentDateTime"),
        code(
            "incident_type",
            "what the reporter calls the incident",
            "csam enticement molestation trafficking travel unsolicited_to_child misleading_domain"
            " misleading_words other unknown",
            source="NCMEC incidentType",
        ),
        code_set(
            "channels",
            "the means of communication that the report names",
            "web email newsgroup chat gaming phone offline p2p payment unknown",
            source="NCMEC internetDetails",
        ),
        flag(
            "escalated_by_reporter",
            "the reporter asks for immediate attention; absence is unknown",
            source="NCMEC escalateToHighPriority; UK P1",
        ),
        code(
            "escalation_reason",
            "why it was escalated, coded by a person from a text that is not kept",
            "none live_or_ongoing_abuse planned_contact_or_travel threat_to_life_or_self_harm"
            " child_disclosure trafficking other not_coded",
            knowable=ENRICHMENT,
            core=False,
        ),
        code_set(
            "report_annotations",
            "the reporter's labels for the whole report",
            "sextortion csam_solicitation minor_to_minor spam sadistic_online informational"
            " aggravating_factors instrumental_use",
            open_codes=True,
            source="NCMEC reportAnnotations",
        ),
        code(
            "reporter_type",
            "who reported",
            "platform public child parent_or_carer professional hotline police fiu other unknown",
        ),
        code("source_priority", "the sender's own priority, shown beside ours", "P1 P2 P3 unknown"),
        code(
            "actionability",
            "how complete the sender holds the report to be; says nothing about danger",
            "referral informational batch unknown",
            source="NCMEC batchedReport, thirdPartyHostedContent",
        ),
        country(
            "jurisdiction_country",
            "where the reported person seems to be; for routing only",
            knowable=ENRICHMENT,
            source="estimatedLocation, address, phone, IP look-up",
        ),
        code(
            "jurisdiction_basis",
            "what the country rests on; hosting is never where the person is",
            "verified_location ip phone address estimated payment hosting none",
            knowable=ENRICHMENT,
            core=False,
        ),
        time("preserve_until", "when the sender may delete what it holds", core=False),
        _KNOWN,
        _ENRICHED,
    ),
)

PERSONS = Table(
    "persons",
    "one person in one report, known by tokens only",
    ("person_id", "report_id"),
    ("reports", "report_id"),
    (
        token("person_id", "names the person; the same token over reports is the same person"),
        token("report_id", "the report that mentions the person", required=True),
        _CASE,
        code(
            "role",
            "the part the person plays in the report",
            "reported recipient conductor account_holder third_party other",
            source="NCMEC personOrUserReported, intendedRecipient",
        ),
        code(
            "age_band",
            "the age that the person states, in bands",
            "0-12 13-15 16-17 18-24 25-39 40-59 60+ unknown",
            unit="years",
            source="NCMEC age, dateOfBirth, approximateAge",
        ),
        code(
            "identity_level",
            "how well the person is identified; says what can be done, not how dangerous it is",
            "none handle verified_contact named civil_identity",
        ),
        flag(
            "child_facing_role",
            "work or a voluntary role with children, coded from a text that is not kept",
            knowable=EITHER,
            source="LE JSON occupation",
        ),
        _KNOWN,
        _ENRICHED,
    ),
)

ACCOUNTS = Table(
    "accounts",
    "one account of a person",
    ("account_id",),
    ("persons", "person_id"),
    (
        token("account_id", "names the account"),
        token("person_id", "whose account it is", required=True),
        _CASE,
        code(
            "platform_category",
            "the kind of service; a brand would teach a model the habits of reporters",
            "social messaging chat_room gaming cloud livestream dating forum adult p2p payment email"
            " ai_service other",
            source="espService, platform, chatClient, gameName",
        ),
        time("account_opened_at", "when the account was opened", core=False),
        code(
            "account_status",
            "what the platform did with the account",
            "active temporarily_disabled permanently_disabled reenabled unknown",
        ),
        flag("compromised", "somebody else may have used the account", source="NCMEC compromisedAccount"),
        flag("group_member", "the account belongs to a group around such material", source="groupIdentifier"),
        _KNOWN,
    ),
)

FILES = Table(
    "files",
    "one file named in a report: class codes only, nothing of its content",
    ("file_id",),
    ("reports", "report_id"),
    (
        token("file_id", "names the file"),
        token("report_id", "the report that holds it", required=True),
        _CASE,
        token("account_id", "the account it was found on, where the source says so", core=False),
        time("uploaded_at", "when it was uploaded; not when it was made", source="uploadedToEspTimestamp"),
        code(
            "severity_class",
            "the reporter's class; schemes are not converted into each other",
            "A1 A2 B1 B2 IWF_A IWF_B IWF_C none unknown",
            source="NCMEC industryClassification; IWF category",
        ),
        code(
            "legal_class",
            "how a hotline or INTERPOL classes it",
            "baseline national not_illegal doubtful unknown",
            knowable=ENRICHMENT,
            core=False,
            source="ICCAM classification",
        ),
        code(
            "hash_status",
            "whether a look-up elsewhere knew the file; not_run is not no_match",
            "exact_known near_known no_match not_run",
            knowable=ENRICHMENT,
        ),
        code(
            "victim_status",
            "whether the child shown is identified",
            "identified unidentified unknown",
            knowable=ENRICHMENT,
            core=False,
            source="VICS VictimIdentified",
        ),
        code_set(
            "file_annotations",
            "the reporter's labels for the file; presence only",
            "live_streamed self_produced infant physical_harm violence animal viral meme drawn_or_virtual"
            " generative_ai",
            open_codes=True,
            source="NCMEC fileAnnotations",
        ),
        flag("viewed_by_reporter", "a person at the reporter saw the file", source="fileViewedByEsp"),
        flag("publicly_available", "anybody could open the file", core=False, source="publiclyAvailable"),
        code(
            "youngest_age_band",
            "age band of the youngest child, as classed by the reporter; two granularities are both legal",
            "0-2 3-6 7-10 11-13 14-15 16-17 18+ prepubescent pubescent unknown",
            unit="years",
            knowable=EITHER,
            core=False,
        ),
        _KNOWN,
        _ENRICHED,
    ),
)

NETWORK_EVENTS = Table(
    "network_events",
    "one log-in, registration, purchase or upload of an account",
    ("event_id",),
    ("accounts", "account_id"),
    (
        token("event_id", "names the event"),
        token("account_id", "the account that was used", required=True),
        _CASE,
        code("event_name", "what was done", "login registration purchase upload other unknown"),
        time("event_at", "when", source="ipCaptureEvent dateTime"),
        token(
            "link_token",
            "address with port, or device (then it begins with d:), hashed; never a bare address",
        ),
        country("ip_country", "country of the address by look-up", knowable=ENRICHMENT),
        code(
            "network_type",
            "the kind of connection",
            "residential mobile hosting proxy_flagged tor satellite unknown",
            knowable=ENRICHMENT,
            core=False,
            source="possibleProxy; look-up",
        ),
        _KNOWN,
        _ENRICHED,
    ),
)

COMMUNICATIONS = Table(
    "communications",
    "one thread between an account and one other person: times, counts and codes, never text",
    ("thread_id",),
    ("accounts", "account_id"),
    (
        token("thread_id", "names the thread"),
        token("account_id", "the account on this side", required=True),
        _CASE,
        token("counterpart_id", "the person or child on the other side"),
        time("last_message_at", "the last message"),
        Column(
            "message_count",
            Kind.INTEGER,
            "messages that the reporter counted",
            unit="messages",
            core=False,
        ),
        flag("counterpart_is_minor", "the other side states an age under 18"),
        code_set(
            "contact_codes",
            "what happens in the thread, coded by the reporter or an analyst from a text that is not kept",
            "secrecy gifts off_platform_move meeting_proposed meeting_arranged travel live_request"
            " direct_to_order payment_demand image_threat claims_access other",
            knowable=ENRICHMENT,
        ),
        _KNOWN,
        _ENRICHED,
    ),
)

TRANSACTIONS = Table(
    "transactions",
    "one payment",
    ("transaction_id",),
    ("persons", "person_id"),
    (
        token("transaction_id", "names the payment"),
        token("person_id", "who paid or was paid", required=True),
        _CASE,
        time("executed_at", "when it was executed", core=False, source="goAML date_transaction"),
        Column("amount_eur", Kind.AMOUNT, "the amount; out is negative", unit="EUR", core=False),
        code(
            "payment_channel",
            "how it was paid",
            "bank remittance card wallet crypto cash prepaid_or_gift platform_token unknown",
            core=False,
        ),
        token("counterparty_token", "the other side, hashed", core=False),
        country("counterparty_country", "country of the other side; audited, never scored", core=False),
        code_set(
            "indicator_codes",
            "indicators by the bank or the financial intelligence unit; national codes are kept",
            "small_repeated round_or_even night stated_purpose_mismatch short_burst_stop",
            open_codes=True,
            knowable=EITHER,
            core=False,
        ),
        _KNOWN,
        _ENRICHED,
    ),
)

PRIOR_RECORDS = Table(
    "prior_records",
    "one earlier record about a person",
    ("record_id",),
    ("persons", "person_id"),
    (
        token("record_id", "names the record"),
        token("person_id", "the person it is about", required=True),
        _CASE,
        code(
            "record_kind",
            "what was recorded",
            "prior_report contact_conviction image_conviction other_conviction allegation registry open_case"
            " supervision_breach none_found",
            knowable=ENRICHMENT,
            source="priorCTReports; register check",
        ),
        time("recorded_at", "when it was recorded; empty means before this report", knowable=ENRICHMENT),
        code(
            "origin",
            "whether our own ranking led to the record",
            "own_ranking other unknown",
            knowable=ENRICHMENT,
        ),
        _KNOWN,
    ),
)

CHILDREN = Table(
    "children",
    "one child that a report mentions: bands and codes only",
    ("child_id",),
    ("reports", "report_id"),
    (
        token("child_id", "names the child"),
        token("report_id", "the report that mentions the child", required=True),
        _CASE,
        token("person_id", "the reported person the child is linked to"),
        code(
            "relation_to_suspect",
            "what the reported person is to the child",
            "parent step_or_partner sibling other_family household carer_or_teacher neighbour_or_acquaintance"
            " online_only self unknown",
            knowable=EITHER,
            source="LE JSON relationshipToChildVictim",
        ),
        code(
            "access_level",
            "what access the reported person has to the child",
            "lives_with unsupervised supervised online unspecified none unknown",
            knowable=EITHER,
            source="LE JSON accessToChildVictim",
        ),
        code(
            "age_band",
            "age of the child in bands",
            "0-2 3-6 7-10 11-13 14-15 16-17 unknown",
            unit="years",
            knowable=EITHER,
        ),
        code(
            "identification",
            "whether the child can be found",
            "named locatable handle_only unidentified previously_identified",
        ),
        code_set(
            "crisis_code",
            "an acute danger, coded by a person",
            "self_harm_or_suicide missing in_contact_now blackmail_active medical none",
            knowable=ENRICHMENT,
        ),
        country("country", "where the child is, as far as verified", knowable=EITHER, core=False),
        _KNOWN,
        _ENRICHED,
    ),
)

OUTCOMES = Table(
    "outcomes",
    "what an investigation found; labels, never features",
    ("report_id", "outcome_kind", "outcome_at"),
    ("reports", "report_id"),
    (
        token("report_id", "the report that was investigated", required=True),
        _CASE,
        code(
            "outcome_kind",
            "how it ended",
            "child_safeguarded suspect_arrested contact_abuse_found possession_only known_material no_offence"
            " duplicate not_actionable forwarded not_investigated open",
            knowable=OUTCOME,
        ),
        time(
            "selected_at",
            "when the case was chosen to be opened: its as-of time in training",
            knowable=OUTCOME,
        ),
        time("outcome_at", "when the outcome became known", knowable=OUTCOME),
        code(
            "current_abuse_label",
            "whether a child was being abused; undetermined is not no",
            "yes no undetermined",
            knowable=OUTCOME,
        ),
        code(
            "label_source",
            "who says so",
            "investigation safeguarding_agency court analyst_judgement imputed",
            knowable=OUTCOME,
        ),
        code(
            "selected_by",
            "why the case was opened; needed to correct what the choice did to the labels",
            "priority_score reporter_escalation random_audit mandatory other",
            knowable=OUTCOME,
        ),
        Column(
            "inclusion_probability",
            Kind.SHARE,
            "the probability with which the case was chosen, where a lottery was logged",
            knowable=OUTCOME,
        ),
        token("policy_id", "the policy that chose it", knowable=OUTCOME),
        _KNOWN,
    ),
)

TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        REPORTS,
        PERSONS,
        ACCOUNTS,
        FILES,
        NETWORK_EVENTS,
        COMMUNICATIONS,
        TRANSACTIONS,
        PRIOR_RECORDS,
        CHILDREN,
        OUTCOMES,
    )
}
