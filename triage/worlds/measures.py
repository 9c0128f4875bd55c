"""What can be measured on a sample of a world, to be set beside published numbers.

Every measure is a function of drawn rows and their truth. None reads a probability of the world file, so a
measure says what a world gives, not what it was told to give. All rows of the batch count, whenever they
became known: whether and when something is looked up tells nothing of what is found.

The docstring of a measure is its definition, and stands in every table beside the number.
"""
# ruff: noqa: D401 - these docstrings name quantities, not actions.

from __future__ import annotations

from collections.abc import Callable
from math import nan
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from triage.schema.tables import TABLES
from triage.worlds.sample import (
    REPORTED,
    Measured,
    Sample,
    measure_area,
    measure_count,
    measure_growth,
    measure_odds_ratio,
    measure_ratio,
    measure_share,
)

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Codes = NDArray[np.int64]
    Floats = NDArray[np.float64]
    Mask = NDArray[np.bool_]

Measure = Callable[[Sample], Measured]
MEASURES: dict[str, Measure] = {}

PLATFORMS = ("cybertipline_xml", "cybertip_le_json")
HOTLINES = ("hotline_form", "iccam")
HOSTING, LAWFUL, VIRAL = "hosting_only", "not_abuse_material", "viral_sharer"
COMPROMISED, COLLECTOR, BUYER = "compromised_account", "lone_collector", "stream_buyer"
WITH_MATERIAL = (COLLECTOR, "network_member", "producer_trader")
GENERATED = "generated"
CONTACT_RECORDS = ("contact_conviction", "allegation")
SEXUAL_RECORDS = (*CONTACT_RECORDS, "image_conviction", "registry")
UNDER_13 = ("0-2", "3-6", "7-10", "prepubescent")
FROM_13 = ("14-15", "16-17", "18+", "pubescent")
STRADDLING = "11-13"
FAMILY = ("parent", "step_or_partner", "sibling", "other_family", "household")
ILLEGAL = ("baseline", "national")
LEGAL_CLASSES = (*ILLEGAL, "not_illegal", "doubtful")
CAPACITY = 0.023
PARTS = 12
YEAR_DAYS = 365
MOST_ACTIVE = 0.03


def _measure(function: Measure) -> Measure:
    MEASURES[function.__name__] = function
    return function


# ---------------------------------------------------------------------------------------------------------
# Volume


@_measure
def reports_per_year(sample: Sample) -> Measured:
    """Reports a year that the world stands for; as the world file says, and not recomputed."""
    return Measured(sample.reports_a_year)


@_measure
def cases_per_year(sample: Sample) -> Measured:
    """Cases a year at the volume that the world stands for: reports a year over reports a case."""
    mean = reports_per_case(sample)
    return Measured(sample.reports_a_year / mean if mean > 0 else nan, mean.rows)


@_measure
def volume_growth(sample: Sample) -> Measured:
    """Reports in the last twelfth of the period over reports in its first twelfth."""
    moment = _moments(sample)
    return measure_growth(int((moment >= 1 - 1 / PARTS).sum()), int((moment < 1 / PARTS).sum()))


@_measure
def yearly_growth(sample: Sample) -> Measured:
    """Reports of the last 365 days over reports of the 365 days before them."""
    days = (sample.as_of - sample.start).total_seconds() / 86_400
    ago = (1 - _moments(sample)) * days
    if days < 2 * YEAR_DAYS:
        return Measured(nan)
    before = (ago > YEAR_DAYS) & (ago <= 2 * YEAR_DAYS)
    return measure_growth(int((ago <= YEAR_DAYS).sum()), int(before.sum()))


@_measure
def reports_per_case(sample: Sample) -> Measured:
    """Reports a case: mean over all cases."""
    return _mean_per_case(sample, "reports")


@_measure
def several_reports(sample: Sample) -> Measured:
    """Share of cases that name a person and have more than one report, of cases that name a person."""
    number = _per_case(sample, "reports")[sample.cases["named"]]
    return measure_share(number > 1)


@_measure
def duplicate_reports(sample: Sample) -> Measured:
    """Share of reports that repeat a sender's report number, of reports that have one."""
    reports = sample.frame("reports", "source_ref_hash").dropna()
    return measure_share(reports["source_ref_hash"].duplicated(), reports["case"])


@_measure
def wrong_links(sample: Sample) -> Measured:
    """Share of later reports about another person than the earliest, of reports after the first of a case."""
    reports = _by_time(sample)
    first = reports["true_person"].groupby(reports["case"]).transform("first")
    later = reports["case"].duplicated()
    return measure_share((reports["true_person"] != first)[later], reports["case"][later])


@_measure
def split_cases(sample: Sample) -> Measured:
    """Share of cases about a person who has an earlier case, of cases that name a person."""
    first = _by_time(sample).drop_duplicates("case")
    first = first[np.asarray(sample.cases["named"])[first["case"]]]
    return measure_share(first["true_person"].duplicated())


@_measure
def files_per_report(sample: Sample) -> Measured:
    """Files a report: mean over all reports."""
    return _files_per_report(sample, *TABLES["reports"]["source_system"].codes)


@_measure
def files_per_platform_report(sample: Sample) -> Measured:
    """Files a report: mean over CyberTipline reports."""
    return _files_per_report(sample, *PLATFORMS)


@_measure
def events_per_case(sample: Sample) -> Measured:
    """Network events a case: mean over all cases."""
    return _mean_per_case(sample, "network_events")


# ---------------------------------------------------------------------------------------------------------
# Abuse


@_measure
def current_abuse(sample: Sample) -> Measured:
    """Share of cases with abuse that goes on at the as-of time, of all cases."""
    return measure_share(sample.cases["current_abuse"])


@_measure
def current_per_report(sample: Sample) -> Measured:
    """Cases with abuse that goes on at the as-of time, a report: over all reports."""
    number = _per_case(sample, "reports")
    return measure_ratio(sample.cases["current_abuse"].astype(float), number.astype(float))


@_measure
def current_at_report(sample: Sample) -> Measured:
    """Share of reports about a person who abuses at the time of the report, of all reports."""
    reports = sample.frame("truth of reports", "current_at_report")
    return measure_share(reports["current_at_report"].astype(bool), reports["case"])


@_measure
def current_where_named(sample: Sample) -> Measured:
    """Share of cases with abuse that goes on at the as-of time, of cases that name a person."""
    return measure_share(sample.cases["current_abuse"][sample.cases["named"]])


@_measure
def abuse_ever(sample: Sample) -> Measured:
    """Share of cases with abuse now or in the past, of cases that name a person."""
    return measure_share(sample.cases["abuse_ever"][sample.cases["named"]])


@_measure
def ever_among_collectors(sample: Sample) -> Measured:
    """Share with abuse now or in the past, found or not, of lone collectors."""
    return measure_share(sample.cases["abuse_ever"][sample.cases["situation"] == COLLECTOR])


@_measure
def current_among_collectors(sample: Sample) -> Measured:
    """Share with abuse that goes on at the as-of time, of lone collectors."""
    return measure_share(sample.cases["current_abuse"][sample.cases["situation"] == COLLECTOR])


# ---------------------------------------------------------------------------------------------------------
# Reports


@_measure
def hosting_reports(sample: Sample) -> Measured:
    """Share of reports that concern a server alone, of all reports."""
    case = sample.frame("reports")["case"]
    return measure_share(sample.situated(case, HOSTING), case)


@_measure
def unnamed_reports(sample: Sample) -> Measured:
    """Share of reports of cases that name no person, of all reports."""
    case = sample.frame("reports")["case"]
    return measure_share(~np.asarray(sample.cases["named"])[case], case)


@_measure
def not_abuse_material(sample: Sample) -> Measured:
    """Share of cases about lawful material or nothing, of all cases."""
    return measure_share(sample.cases["situation"] == LAWFUL)


@_measure
def not_abuse_material_where_named(sample: Sample) -> Measured:
    """Share of cases about lawful material or nothing, of cases that name a person."""
    return measure_share((sample.cases["situation"] == LAWFUL)[sample.cases["named"]])


@_measure
def viral_where_named(sample: Sample) -> Measured:
    """Share of cases of viral or outraged sharing, of cases that name a person."""
    return measure_share((sample.cases["situation"] == VIRAL)[sample.cases["named"]])


@_measure
def criminal_platform_reports(sample: Sample) -> Measured:
    """Share neither about lawful material nor a compromised account, of CyberTipline reports."""
    case = _reports(sample, *PLATFORMS)["case"]
    return measure_share(~sample.situated(case, LAWFUL, COMPROMISED), case)


@_measure
def material_incidents(sample: Sample) -> Measured:
    """Share with incident type material, of all reports with an incident type."""
    return _incidents(sample.frame("reports", "incident_type"), "csam")


@_measure
def material_incidents_platform(sample: Sample) -> Measured:
    """Share with incident type material, of CyberTipline reports with an incident type."""
    return _incidents(_reports(sample, *PLATFORMS, column="incident_type"), "csam")


@_measure
def enticement_incidents(sample: Sample) -> Measured:
    """Share with incident type enticement, of CyberTipline reports with an incident type."""
    return _incidents(_reports(sample, *PLATFORMS, column="incident_type"), "enticement")


@_measure
def sextortion_reports(sample: Sample) -> Measured:
    """Share labelled sextortion, of CyberTipline reports."""
    rows = sample.frame("reports", "source_system")
    platform = rows["source_system"].isin(PLATFORMS)
    labelled = sample.has("reports", "report_annotations", "sextortion")
    return measure_share(labelled[platform], rows["case"][platform])


@_measure
def referrals(sample: Sample) -> Measured:
    """Share of referrals, of CyberTipline reports that are referral, informational or bundled."""
    return _actionability(sample, "referral", "referral", "informational", "batch")


@_measure
def referrals_without_bundles(sample: Sample) -> Measured:
    """Share of referrals, of CyberTipline reports that are referral or informational."""
    return _actionability(sample, "referral", "referral", "informational")


@_measure
def bundled_reports(sample: Sample) -> Measured:
    """Share of bundled reports, of CyberTipline reports that are referral, informational or bundled."""
    return _actionability(sample, "batch", "referral", "informational", "batch")


@_measure
def generated_reports(sample: Sample) -> Measured:
    """Share with a file labelled as made by generative AI, of all reports."""
    return _generated(sample, *TABLES["reports"]["source_system"].codes)


@_measure
def generated_platform_reports(sample: Sample) -> Measured:
    """Share with a file labelled as made by generative AI, of CyberTipline reports."""
    return _generated(sample, *PLATFORMS)


@_measure
def generated_hotline_reports(sample: Sample) -> Measured:
    """Share with a file labelled as made by generative AI, of reports of hotlines."""
    return _generated(sample, *HOTLINES)


@_measure
def urgent_reports(sample: Sample) -> Measured:
    """Share escalated by the reporter, of all reports."""
    return _urgent(sample, *TABLES["reports"]["source_system"].codes)


@_measure
def urgent_platform_reports(sample: Sample) -> Measured:
    """Share escalated by the reporter, of CyberTipline reports."""
    return _urgent(sample, *PLATFORMS)


@_measure
def urgent_hotline_reports(sample: Sample) -> Measured:
    """Share escalated by the reporter, of reports of hotlines."""
    return _urgent(sample, *HOTLINES)


def _urgent(sample: Sample, *sources: str) -> Measured:
    rows = _reports(sample, *sources, column="escalated_by_reporter")
    return measure_share(rows["escalated_by_reporter"] == "asserted", rows["case"])


def _from_source(sample: Sample, source: str) -> Measured:
    rows = sample.frame("reports", "source_system")
    return measure_share(rows["source_system"] == source, rows["case"])


def _register_sources() -> None:
    """Register the measures that exist once a source."""
    for source in TABLES["reports"]["source_system"].codes:
        what = f"Share escalated by the reporter, of reports in the format {source}."
        _register(f"urgent_{source}", what, _urgent, source)
        what = f"Share of reports in the format {source}, of all reports."
        _register(f"source_{source}", what, _from_source, source)


def _register(name: str, what: str, function: Callable[[Sample, str], Measured], source: str) -> None:
    def measure(sample: Sample) -> Measured:
        return function(sample, source)

    measure.__name__, measure.__doc__ = name, what
    _measure(measure)


_register_sources()


# ---------------------------------------------------------------------------------------------------------
# Files


@_measure
def illegal_links(sample: Sample) -> Measured:
    """Share illegal anywhere or by national law, of hotline files with a class, doubtful ones included."""
    files = _files(sample, HOTLINES, "legal_class")
    files = files[files["legal_class"].isin(LEGAL_CLASSES)]
    return measure_share(files["legal_class"].isin(ILLEGAL), files["case"])


@_measure
def under_13(sample: Sample) -> Measured:
    """Share under 13, the band 11-13 included, of hotline files with an age."""
    files = _files(sample, HOTLINES, "youngest_age_band")
    files = files[files["youngest_age_band"].isin([*UNDER_13, STRADDLING, *FROM_13])]
    return measure_share(~files["youngest_age_band"].isin(FROM_13), files["case"])


@_measure
def under_13_without_11_13(sample: Sample) -> Measured:
    """Share under 13, of hotline files with an age other than the band 11-13."""
    files = _files(sample, HOTLINES, "youngest_age_band")
    files = files[files["youngest_age_band"].isin([*UNDER_13, *FROM_13])]
    return measure_share(files["youngest_age_band"].isin(UNDER_13), files["case"])


@_measure
def self_generated_files(sample: Sample) -> Measured:
    """Share labelled as made by the child, of all files."""
    return _labelled(sample, "self_produced")


@_measure
def live_streamed_files(sample: Sample) -> Measured:
    """Share labelled as streamed live, of all files."""
    return _labelled(sample, "live_streamed")


@_measure
def hash_known(sample: Sample) -> Measured:
    """Share known exactly or nearly, of files looked up."""
    return _hash_status(sample, TABLES["reports"]["source_system"].codes, "exact_known", "near_known")


@_measure
def hash_known_platform(sample: Sample) -> Measured:
    """Share known exactly or nearly, of files of CyberTipline reports looked up."""
    return _hash_status(sample, PLATFORMS, "exact_known", "near_known")


@_measure
def new_content_hotline(sample: Sample) -> Measured:
    """Share without a match, of hotline files looked up."""
    return _hash_status(sample, HOTLINES, "no_match")


@_measure
def most_severe_files(sample: Sample) -> Measured:
    """Share in the most severe class (A1, A2 or IWF A), of files with a class other than none."""
    files = sample.frame("files", "severity_class")
    files = files[files["severity_class"].isin(["A1", "A2", "B1", "B2", "IWF_A", "IWF_B", "IWF_C"])]
    return measure_share(files["severity_class"].isin(["A1", "A2", "IWF_A"]), files["case"])


# ---------------------------------------------------------------------------------------------------------
# Persons


@_measure
def prior_contact_among_collectors(sample: Sample) -> Measured:
    """Share with a contact conviction or allegation, of lone collectors whose registers were checked."""
    return _recorded(sample, COLLECTOR, *CONTACT_RECORDS)


@_measure
def known_among_abusers(sample: Sample) -> Measured:
    """Share with a contact record, of lone collectors with abuse now or in the past and registers checked."""
    ever = sample.cases["abuse_ever"].to_numpy(dtype=bool)
    return _recorded(sample, COLLECTOR, *CONTACT_RECORDS, among=ever)


@_measure
def any_record_among_collectors(sample: Sample) -> Measured:
    """Share with anything on record, of lone collectors whose registers were checked."""
    return _complement(_recorded(sample, COLLECTOR, "none_found"))


@_measure
def role_with_children(sample: Sample) -> Measured:
    """Share with work or a voluntary role with children, of persons with material of whom it is known."""
    rows = sample.frame("persons", "role", "child_facing_role")
    known = rows["child_facing_role"].isin(["asserted", "denied"]) & (rows["role"] == REPORTED)
    rows = rows[known & sample.situated(rows["case"], *WITH_MATERIAL)]
    working = (rows["child_facing_role"] == "asserted").groupby(rows["case"]).any()
    return measure_share(working)


@_measure
def talks_with_children(sample: Sample) -> Measured:
    """Share with a thread with a minor or an enticement incident, of persons with material."""
    threads = sample.frame("communications", "counterpart_is_minor")
    reports = sample.frame("reports", "incident_type")
    talking = sample.among(threads["case"][threads["counterpart_is_minor"] == "asserted"])
    talking |= sample.among(reports["case"][reports["incident_type"] == "enticement"])
    return measure_share(talking[sample.cases["situation"].isin(WITH_MATERIAL)])


@_measure
def compromised_where_named(sample: Sample) -> Measured:
    """Share of cases of compromised accounts, of cases that name a person."""
    return measure_share((sample.cases["situation"] == COMPROMISED)[sample.cases["named"]])


# ---------------------------------------------------------------------------------------------------------
# Buyers of abuse that is streamed live


@_measure
def buyers_without_record(sample: Sample) -> Measured:
    """Share with nothing on record, of live-stream buyers whose registers were checked."""
    return _recorded(sample, BUYER, "none_found")


@_measure
def buyers_with_sexual_record(sample: Sample) -> Measured:
    """Share with a sexual offence or allegation on record, of live-stream buyers with registers checked."""
    return _recorded(sample, BUYER, *SEXUAL_RECORDS)


@_measure
def buyers_aged_40(sample: Sample) -> Measured:
    """Share aged 40 or more, of live-stream buyers with a stated age."""
    rows = sample.frame("persons", "role", "age_band")
    stated = (rows["role"] == REPORTED) & rows["age_band"].notna() & (rows["age_band"] != "unknown")
    rows = rows[stated & sample.situated(rows["case"], BUYER)]
    return measure_share(rows["age_band"].isin(["40-59", "60+"]).groupby(rows["case"]).any())


@_measure
def payments_per_buyer(sample: Sample) -> Measured:
    """Payments a person: mean over live-stream buyers with a payment."""
    return _payments_per_person(sample)


@_measure
def payments_of_most_active(sample: Sample) -> Measured:
    """Share made by the most active 3 percent of the live-stream buyers with a payment, of their payments."""
    number = np.sort(_payments(sample)["case"].value_counts().to_numpy())[::-1]
    most = MOST_ACTIVE * len(number)
    # The last of them counts in part, so that the share does not jump with the number of buyers.
    weight = np.clip(most - np.arange(len(number)), 0, 1)
    total = int(number.sum())
    return Measured(float((number * weight).sum()) / total if total else nan, total, is_share=True)


@_measure
def buyers_mean_amount(sample: Sample) -> Measured:
    """Euro a payment: mean over payments of live-stream buyers."""
    payments = _payments(sample)
    return measure_ratio(payments["euro"], np.ones(len(payments)), payments["case"])


@_measure
def buyers_median_amount(sample: Sample) -> Measured:
    """Euro a payment: median over payments of live-stream buyers."""
    euro = _payments(sample)["euro"]
    return Measured(float(euro.median()) if len(euro) else nan, len(euro))


@_measure
def buyers_amounts_10_200(sample: Sample) -> Measured:
    """Share of 10 to 200 euro, of payments of live-stream buyers."""
    return _amounts(sample, 10, 200)


@_measure
def buyers_amounts_17_175(sample: Sample) -> Measured:
    """Share of 17.50 to 175 euro, about 1,000 to 10,000 pesos, of payments of live-stream buyers."""
    return _amounts(sample, 17.5, 175)


@_measure
def buyers_remittances(sample: Sample) -> Measured:
    """Share of remittances, of payments of live-stream buyers with a known way of payment."""
    payments = _payments(sample)
    payments = payments[payments["payment_channel"].notna() & (payments["payment_channel"] != "unknown")]
    return measure_share(payments["payment_channel"] == "remittance", payments["case"])


# ---------------------------------------------------------------------------------------------------------
# Children


@_measure
def relation_online_only(sample: Sample) -> Measured:
    """Share known online only, of children with a relation that a report mentions on arrival."""
    return _relation(sample, "online_only")


@_measure
def relation_family(sample: Sample) -> Measured:
    """Share in the family or household, of children with a relation that a report mentions on arrival."""
    return _relation(sample, *FAMILY)


@_measure
def relation_acquaintance(sample: Sample) -> Measured:
    """Share of acquaintances, of children with a relation that a report mentions on arrival."""
    return _relation(sample, "neighbour_or_acquaintance")


@_measure
def relation_carer(sample: Sample) -> Measured:
    """Share in the care of the person, of children with a relation that a report mentions on arrival."""
    return _relation(sample, "carer_or_teacher")


@_measure
def unsupervised_access(sample: Sample) -> Measured:
    """Share without supervision, of children with a known access other than living together or online."""
    rows = sample.frame("children", "access_level")
    rows = rows[rows["access_level"].isin(["supervised", "unsupervised"])]
    return measure_share(rows["access_level"] == "unsupervised", rows["case"])


@_measure
def own_children_odds_ratio(sample: Sample) -> Measured:
    """Odds ratio of own children at home, current abuse to none, lone collectors with registers checked."""
    rows = sample.frame("children", "relation_to_suspect", "access_level")
    own = (rows["relation_to_suspect"] == "parent") & (rows["access_level"] == "lives_with")
    return _odds_among_collectors(sample, sample.among(rows["case"][own]))


@_measure
def others_children_odds_ratio(sample: Sample) -> Measured:
    """Odds ratio of others' children, current abuse to none, lone collectors with registers checked."""
    rows = sample.frame("children", "relation_to_suspect", "access_level")
    close = rows["access_level"].isin(["supervised", "unsupervised"])
    close |= (rows["relation_to_suspect"] == "step_or_partner") & (rows["access_level"] == "lives_with")
    return _odds_among_collectors(sample, sample.among(rows["case"][close]))


@_measure
def prior_contact_odds_ratio(sample: Sample) -> Measured:
    """Odds ratio of a contact record, current abuse to none, lone collectors with registers checked."""
    rows = sample.frame("prior_records", "record_kind")
    return _odds_among_collectors(
        sample, sample.among(rows["case"][rows["record_kind"].isin(CONTACT_RECORDS)])
    )


# ---------------------------------------------------------------------------------------------------------
# Cases that were opened


@_measure
def opened(sample: Sample) -> Measured:
    """Share of cases opened, of all cases: mean probability to be chosen."""
    chance = sample.cases["selection_probability"]
    mean = measure_ratio(chance, np.ones(len(chance)))
    return Measured(float(mean), mean.rows, mean.standard_error, mean.interval, is_share=True)


@_measure
def opened_per_report(sample: Sample) -> Measured:
    """Cases opened, a report: sum of the probabilities to be chosen over all reports."""
    return measure_ratio(sample.cases["selection_probability"], _per_case(sample, "reports").astype(float))


@_measure
def arrests_per_report(sample: Sample) -> Measured:
    """Outcomes with an arrest, a report: over all reports."""
    return _outcomes_per_report(sample, "suspect_arrested")


@_measure
def safeguarded_per_report(sample: Sample) -> Measured:
    """Outcomes with a child safeguarded, a report: over all reports."""
    return _outcomes_per_report(sample, "child_safeguarded")


@_measure
def with_outcome(sample: Sample) -> Measured:
    """Share of cases with an outcome by the as-of time, of all cases."""
    return measure_share(sample.among(_found_out(sample)["case"]))


@_measure
def current_among_opened(sample: Sample) -> Measured:
    """Share with abuse that goes on at the as-of time, of cases opened; weighed by the chance to be."""
    chance = sample.cases["selection_probability"]
    mean = measure_ratio(chance * sample.cases["current_abuse"], chance)
    return Measured(float(mean), mean.rows, mean.standard_error, mean.interval, is_share=True)


@_measure
def yes_among_determined(sample: Sample) -> Measured:
    """Share with current abuse found, of outcomes that are determined."""
    return _yes_among_determined(_found_out(sample, "current_abuse_label"))


@_measure
def yes_among_collectors(sample: Sample) -> Measured:
    """Share with current abuse found, of determined outcomes of lone collectors."""
    rows = _found_out(sample, "current_abuse_label")
    return _yes_among_determined(rows[sample.situated(rows["case"], COLLECTOR)])


@_measure
def missed(sample: Sample) -> Measured:
    """Share labelled no, of outcomes of cases with abuse that went on when the case was chosen."""
    return _label_share(sample, "no", current=True)


@_measure
def invented(sample: Sample) -> Measured:
    """Share labelled yes, of outcomes of cases without abuse when the case was chosen."""
    return _label_share(sample, "yes", current=False)


@_measure
def undetermined(sample: Sample) -> Measured:
    """Share undetermined, of all outcomes."""
    rows = _found_out(sample, "current_abuse_label")
    return measure_share(rows["current_abuse_label"] == "undetermined", rows["case"])


# ---------------------------------------------------------------------------------------------------------
# How hard the world is


@_measure
def oracle_auc(sample: Sample) -> Measured:
    """Area under the ROC curve of the oracle, over all cases."""
    return _area(sample.cases)


@_measure
def oracle_auc_persons(sample: Sample) -> Measured:
    """Area under the ROC curve of the oracle, over persons; viral, lawful and generated material aside."""
    return _area(_persons(sample))


@_measure
def oracle_recall(sample: Sample) -> Measured:
    """Share in the first 2.3 percent of the oracle's list, of cases with current abuse."""
    return measure_count(_found(sample)[0], int(sample.cases["current_abuse"].sum()))


@_measure
def oracle_precision(sample: Sample) -> Measured:
    """Share with current abuse, of the first 2.3 percent of the oracle's list."""
    return measure_count(*_found(sample))


@_measure
def oracle_calibration(sample: Sample) -> Measured:
    """Expected over found cases with current abuse: sum of the oracle's probabilities over the count."""
    oracle, current = sample.cases["oracle"], sample.cases["current_abuse"].astype(float)
    return measure_ratio(oracle, current)


@_measure
def persons_share(sample: Sample) -> Measured:
    """Share of persons, viral, lawful and generated material aside, of all cases."""
    return measure_count(len(_persons(sample)), len(sample))


@_measure
def current_among_persons(sample: Sample) -> Measured:
    """Share with current abuse, of persons; viral, lawful and generated material aside."""
    return measure_share(_persons(sample)["current_abuse"])


# ---------------------------------------------------------------------------------------------------------


def _complement(share: Measured) -> Measured:
    low, high = share.interval
    return Measured(1 - share, share.rows, share.standard_error, (1 - high, 1 - low), is_share=True)


def _moments(sample: Sample) -> Floats:
    """Return when each report came, from 0 at the start of the period to 1 at its end."""
    received = sample.frame("reports", "received_at")["received_at"].dropna()
    span = (sample.as_of - sample.start).total_seconds()
    return np.asarray((received - pd.Timestamp(sample.start)).dt.total_seconds() / span)


def _by_time(sample: Sample) -> pd.DataFrame:
    """Return the reports with the person each is about, the earliest first."""
    told = sample.frame("reports", "report_id", "received_at")
    true = sample.frame("truth of reports", "report_id", "true_person")[["report_id", "true_person"]]
    return told.merge(true, on="report_id").sort_values(["received_at", "report_id"])


def _per_case(sample: Sample, table: str) -> Codes:
    return np.bincount(sample.frame(table)["case"], minlength=len(sample))


def _mean_per_case(sample: Sample, table: str) -> Measured:
    return measure_ratio(_per_case(sample, table).astype(float), np.ones(len(sample)))


def _reports(sample: Sample, *sources: str, column: str = "report_id") -> pd.DataFrame:
    rows = sample.frame("reports", "source_system", column)
    return rows[rows["source_system"].isin(sources)]


def _files_per_report(sample: Sample, *sources: str) -> Measured:
    rows = _reports(sample, *sources)
    number = rows["report_id"].map(sample.frame("files", "report_id")["report_id"].value_counts())
    return measure_ratio(number.fillna(0).astype(float), np.ones(len(rows)), rows["case"])


def _incidents(rows: pd.DataFrame, kind: str) -> Measured:
    rows = rows[rows["incident_type"].notna() & (rows["incident_type"] != "unknown")]
    return measure_share(rows["incident_type"] == kind, rows["case"])


def _actionability(sample: Sample, kind: str, *kinds: str) -> Measured:
    rows = _reports(sample, *PLATFORMS, column="actionability")
    rows = rows[rows["actionability"].isin(kinds)]
    return measure_share(rows["actionability"] == kind, rows["case"])


def _generated(sample: Sample, *sources: str) -> Measured:
    files = sample.frame("files", "report_id")
    generated = files["report_id"][sample.has("files", "file_annotations", "generative_ai")]
    rows = _reports(sample, *sources)
    return measure_share(rows["report_id"].isin(generated), rows["case"])


def _files(sample: Sample, sources: tuple[str, ...], column: str) -> pd.DataFrame:
    files = sample.frame("files", "report_id", column)
    return files[sample.from_sources(files, *sources)]


def _hash_status(sample: Sample, sources: tuple[str, ...], *statuses: str) -> Measured:
    files = _files(sample, sources, "hash_status")
    files = files[files["hash_status"].notna() & (files["hash_status"] != "not_run")]
    return measure_share(files["hash_status"].isin(statuses), files["case"])


def _labelled(sample: Sample, label: str) -> Measured:
    return measure_share(sample.has("files", "file_annotations", label), sample.frame("files")["case"])


def _recorded(sample: Sample, situation: str, *kinds: str, among: Mask | None = None) -> Measured:
    """Return the share with a record of some kind, of cases of a situation whose registers were checked."""
    whole = sample.checked & np.asarray(sample.cases["situation"] == situation)
    whole &= True if among is None else among
    records = sample.frame("prior_records", "record_kind")
    found = sample.among(records["case"][records["record_kind"].isin(kinds)])
    return measure_share(found[whole])


def _payments(sample: Sample) -> pd.DataFrame:
    """Return the payments of live-stream buyers; what goes out is positive."""
    rows = sample.frame("transactions", "amount_eur", "payment_channel")
    rows = rows[sample.situated(rows["case"], BUYER)]
    return rows.assign(euro=-rows["amount_eur"].astype(float))


def _payments_per_person(sample: Sample) -> Measured:
    number = _payments(sample)["case"].value_counts()
    return measure_ratio(number.astype(float), np.ones(len(number)))


def _amounts(sample: Sample, low: float, high: float) -> Measured:
    payments = _payments(sample)
    return measure_share(payments["euro"].between(low, high), payments["case"])


def _relation(sample: Sample, *relations: str) -> Measured:
    rows = sample.frame("children", "report_id", "relation_to_suspect", "known_at")
    rows = rows[rows["relation_to_suspect"].notna() & (rows["relation_to_suspect"] != "unknown")]
    # What the registers add comes later than the report.
    received = sample.frame("reports", "report_id", "received_at").drop(columns="case")
    rows = rows.merge(received, on="report_id").query("known_at <= received_at")
    return measure_share(rows["relation_to_suspect"].isin(relations), rows["case"])


def _odds_among_collectors(sample: Sample, fact: Mask) -> Measured:
    among = sample.checked & np.asarray(sample.cases["situation"] == COLLECTOR)
    return measure_odds_ratio(fact[among], sample.cases["current_abuse"][among])


def _found_out(sample: Sample, *columns: str) -> pd.DataFrame:
    """Return columns of the outcomes that are in; a case that is still open has a row without its time."""
    rows = sample.frame("outcomes", "outcome_at", *columns)
    return rows[rows["outcome_at"].notna()]


def _outcomes_per_report(sample: Sample, kind: str) -> Measured:
    outcomes = _found_out(sample, "outcome_kind")
    number = np.bincount(outcomes["case"][outcomes["outcome_kind"] == kind], minlength=len(sample))
    return measure_ratio(number.astype(float), _per_case(sample, "reports").astype(float))


def _yes_among_determined(rows: pd.DataFrame) -> Measured:
    rows = rows[rows["current_abuse_label"].isin(["yes", "no"])]
    return measure_share(rows["current_abuse_label"] == "yes", rows["case"])


def _label_share(sample: Sample, label: str, *, current: bool) -> Measured:
    rows = _found_out(sample, "current_abuse_label", "selected_at")
    truth = sample.cases[["onset", "end", "current_abuse"]].iloc[rows["case"]].set_axis(rows.index)
    at = rows["selected_at"]
    abused = (truth["onset"] <= at) & (truth["end"].isna() | (truth["end"] > at))
    # Abuse by a person of a bundle has no spell: it goes on throughout.
    abused |= truth["onset"].isna() & truth["current_abuse"].astype(bool)
    rows = rows[abused == current]
    return measure_share(rows["current_abuse_label"] == label, rows["case"])


def _persons(sample: Sample) -> pd.DataFrame:
    situation = sample.cases["situation"]
    aside = situation.isin([HOSTING, VIRAL, LAWFUL]) | situation.str.contains(GENERATED, regex=False)
    return sample.cases[sample.cases["named"] & ~aside]


def _area(cases: pd.DataFrame) -> Measured:
    return measure_area(cases["oracle"], cases["current_abuse"])


def _found(sample: Sample) -> tuple[float, int]:
    """Return how many cases with abuse stand in the first part of the oracle's list, and how long it is.

    Cases tied at the cut count in proportion.
    """
    chosen = round(CAPACITY * len(sample))
    if chosen == 0:
        return 0.0, 0
    oracle = sample.cases["oracle"].to_numpy()
    cut = np.sort(oracle)[-chosen]
    tied, above = oracle == cut, oracle > cut
    current = sample.cases["current_abuse"].to_numpy(dtype=float)
    return float(current[above].sum() + current[tied].mean() * (chosen - above.sum())), chosen
