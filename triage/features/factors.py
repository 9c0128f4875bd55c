"""Which published factors the features cover, and which they leave out on purpose."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Factor:
    """One factor that the literature or a tool in use names.

    Parameters
    ----------
    name : str
        What it is.
    direction : str
        ``++``, ``+``, ``0``, ``-`` or ``--`` for current abuse, as far as is published.
    source : str
        Literature key, as the features' evidence has it.
    features : tuple of str
        The features that tell of it; empty where none does.
    remark : str
        How far they do; where there is none, why not.
    never : bool
        Left out on purpose: no feature may tell of it.
    """

    name: str
    direction: str
    source: str
    features: tuple[str, ...] = ()
    remark: str = ""
    never: bool = False


def _of(name: str, direction: str, source: str, features: str, remark: str = "") -> Factor:
    return Factor(name, direction, source, tuple(features.split()), remark)


def _never(name: str, direction: str, source: str, remark: str) -> Factor:
    return Factor(name, direction, source, (), remark, never=True)


FACTORS = (
    _of("direct victimisation ever before", "++", "Smid 2014",
        "contact_record contact_allegation record_signs"),
    _of("earlier non-contact sexual offences", "+", "Smid 2014", "image_record record_signs"),
    _of("any earlier sexual offence", "+", "Babchishin 2015",
        "contact_record contact_allegation image_record register_entry years_since_contact_record"),
    _of("any or violent earlier offence", "+", "Babchishin 2015; Soldino 2019", "other_record"),
    _of("prison, number of convictions", "+", "KIRAT step 1", "record_signs other_record",
        "kinds of record are counted; prison is not in the tables"),
    _of("failure on conditional release", "+", "CPORT", "supervision_breach"),
    _of("access to children", "+", "Babchishin 2015",
        "child_mentioned access_to_others_children unsupervised_access access_signs"),
    _of("access to children of friends, neighbours, relatives", "+", "KIRAT step 2",
        "others_child_mentioned access_to_others_children"),
    _of("own children, children in the home", "0", "Babchishin 2015; Soldino 2019",
        "own_child_mentioned lives_with_child", "the studies disagree, so without a direction"),
    _of("work or a voluntary role with children", "+", "CASIC", "works_with_children"),
    _of("production of material", "++", "KIRAT step 3; Soldino 2019",
        "unknown_material share_unknown live_streamed material_signs",
        "production is not coded; material that no list knows stands in for it"),
    _of("grooming, incitement, sexual communication", "++", "KIRAT step 3; CASIC",
        "enticement minor_counterpart minor_threads secrecy_or_gifts off_platform_move meeting meeting_stated"
        " offline_contact solicitation contact_signs child_signs all_signs"),
    _of("younger children and more extreme material", "+", "Smid 2014",
        "severest_class violent_material no_severity depicted_age material_signs",
        "within image-only suspects; age as such has no direction"),
    _of("infants and toddlers", "+", "dark-web survey 2022", "youngest_children"),
    _of("frequency of use", "+", "dark-web survey 2022", "reports_in_case prior_reports days_since_activity",
        "as far as reports show it"),
    _of("contact with other users, groups", "+", "dark-web survey 2022; Lincoln 2016", "group_member"),
    Factor("abuse videos in the collection", "+", "CASIC", (), "the tables have no kind of file"),
    _of("interest over two years and more", "+", "CASIC", "days_of_reports days_since_opening",
        "from the first report, or the opening of the account"),
    _never("never married", "0", "CASIC; Babchishin 2015", "personal status; weak and contradicted"),
    _of("size of the collection", "-", "McManus 2015", "files", "downward or not at all, never upward"),
    _never("more than two computers seized", "+", "Smid 2014", "found after a search"),
    Factor("substance misuse", "+", "Babchishin 2015", (), "no format carries it; health data"),
    _never("unemployed", "+", "Babchishin 2015", "stands for a place in society, not for what somebody does"),
    _of("domestic abuse", "+", "KIRAT step 4", "other_record", "as a conviction only"),
    _of("younger reported person", "0", "CPORT", "reported_age reported_minor",
        "says reoffending, not current abuse: without a direction, audited for fairness"),
    _never("more material of boys than of girls", "0", "CPORT",
           "says reoffending, not current abuse; gender is no feature"),
    _of("immediate threat, endangerment", "++",
        "Australian Federal Police triage study 2021; NCMEC urgent reports",
        "escalated ongoing_abuse_stated child_disclosure life_in_danger molestation trafficking_or_travel"
        " contact_now in_distress danger_signs"),
    Factor("solvability", "0", "Australian Federal Police triage study 2021", (),
           "says what can be done, not how likely abuse is: shown beside the score"),
    _of("chats", "+", "Australian Federal Police triage study 2021", "threads contact_channel"),
    _of("victim unknown, material never seen", "++", "Belgian federal police",
        "unknown_material share_unknown unidentified_victim"),
    _of("known already, reported again", "+", "Belgian federal police", "prior_reports register_entry"),
    _of("recent material", "++", "Dutch police", "days_since_upload days_to_report days_since_contact",
        "when material was made is not told; upload and incident stand in for it"),
    _of("viral, meme or mimicry sharing", "--", "Meta and NCMEC on viral sharing",
        "viral share_viral batched spam signs_against"),
    _of("made by the child itself", "0", "CyberTipline file tag", "self_produced among_minors sextortion",
        "the child is real, the other side often remote: without a direction, extortion raises"),
    _of("generated or drawn material", "-", "IWF 2024", "artificial share_artificial"),
    _of("streamed live", "++", "CyberTipline file tag; AUSTRAC", "live_streamed directs_abuse"),
    _of("small payments, often", "++", "AIC 2021",
        "small_payments days_between_payments small_repeated odd_payments payment_signs"),
    _of("rising amounts and frequency", "++", "AIC 2020",
        "rising_payments payments days_since_payment payees"),
    Factor("no criminal record among buyers of live abuse", "0", "AIC 2020", (),
           "not protective, so no feature: a model that weighs pairs may learn it"),
    _of("buyers of live abuse with contact offences", "+", "Journal of Interpersonal Violence 2022",
        "payments contact_record", "a pair: for models that weigh pairs"),
    _of("sharing from person to person", "+", "US arrests 2006", "direct_sharing"),
    _of("antisocial and sexually deviant together", "+", "Henshaw 2018", "other_record image_record",
        "a pair: for models that weigh pairs"),
)  # fmt: skip

NEVER = (
    "collection size upward", "nationality", "gender", "marital status", "employment", "destination country",
    "platform brand", "hosting country", "anything found after a search",
)  # fmt: skip
