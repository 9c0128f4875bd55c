"""What was found, in the shape of the outcomes table, with the probability of having been chosen."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from triage.errors import InputRefusedError
from triage.record.chain import Leaf, stamp, to_json
from triage.record.deciding import find_names, person_token
from triage.record.inclusion import inclusion_in
from triage.record.lists import LATER, all_names, chosen_rows, drawn_in, headers_by_number
from triage.record.pool import aliases_in, members_in
from triage.record.reading import read_entries
from triage.record.states import states_in
from triage.schema.tables import OUTCOMES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sqlalchemy import Connection

    from triage.record.chain import Head
    from triage.record.states import State
    from triage.record.store import Store

FOUND = "found"
_UNDER_WAY = "open"
_CODES = ("outcome_kind", "current_abuse_label", "label_source", "selected_by")
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Finding:
    """What an investigation found about a case.

    Parameters
    ----------
    case_id : str
        The case.
    outcome_kind, current_abuse_label : str
        Codes of the outcomes table.
    outcome_at : datetime
        When it became known.
    label_source : str
        Who says so.
    selected_at : datetime, optional
        When the case was chosen; else the time at which it was recorded as opened.
    selected_by : str, optional
        Why it was chosen; else as the list says.
    """

    case_id: str
    outcome_kind: str
    current_abuse_label: str
    outcome_at: datetime
    label_source: str = "investigation"
    selected_at: datetime | None = None
    selected_by: str | None = None


def keep_findings(store: Store, who: str, findings: Sequence[Finding]) -> tuple[Head | None, list[bool]]:
    """Keep findings in one entry, all or none; return the head, and of each whether it was not there yet."""
    token = person_token(store, who)
    with store.writing() as connection:
        whys, names = _check_all(store, connection, findings)
        if any(whys):
            raise InputRefusedError(next(filter(None, whys)), mend="nothing was kept")
        known = {_content(payload) for payload in _findings(store, connection)}
        payloads, new = [], []
        for finding, name in zip(findings, names, strict=True):
            payload = {**asdict(finding), "case_id": name, "who": token}
            for at in ("outcome_at", "selected_at"):
                payload[at] = stamp(payload[at]) if payload[at] else None
            new.append(_content(payload) not in known)
            if new[-1]:
                known.add(_content(payload))
                payloads.append(payload)
        leaves = [Leaf(to_json(payload), case_id=payload["case_id"]) for payload in payloads]
        return (store.append(connection, FOUND, leaves) if leaves else None), new


def check_findings(store: Store, findings: Sequence[Finding]) -> list[str]:
    """Return why each finding would be refused; empty where it would not."""
    with store.reading() as connection:
        return _check_all(store, connection, findings)[0]


def _check_all(
    store: Store, connection: Connection, findings: Sequence[Finding]
) -> tuple[list[str], list[str]]:
    """Return why each finding is refused, and the present name of its case; one of both is empty."""
    now, aliases = store.clock(), aliases_in(store, connection)
    states = states_in(store, connection)
    whys, names = [], []
    for finding in findings:
        why = name = ""
        try:
            check_finding(finding, now)
            name, _ = find_names(store, connection, finding.case_id, aliases)
            _check_order(finding, states.get(name))
        except InputRefusedError as error:
            why = str(error)
        whys.append(why)
        names.append(name)
    return whys, names


def _check_order(finding: Finding, state: State | None) -> None:
    """Refuse a finding from before its case was opened: training would leave it out without a word."""
    opened = state.opened_at if state else None
    if opened and not finding.selected_at and finding.outcome_at <= opened:
        raise InputRefusedError(
            f"{stamp(finding.outcome_at)[:16]}, before the case was opened on the record",
            where="outcome_at",
            mend="give selected_at: when the case was chosen",
        )


def check_finding(finding: Finding, now: datetime) -> None:
    """Refuse codes that the outcomes table has not, and times that lie ahead or the wrong way round.

    Raises
    ------
    InputRefusedError
        With the column.
    """
    for name in _CODES:
        code = getattr(finding, name)
        if code is not None and code not in OUTCOMES[name].codes:
            raise InputRefusedError(
                f"'{str(code)[:40]}'", where=name, expected=", ".join(OUTCOMES[name].codes)
            )
    if finding.outcome_kind == _UNDER_WAY:
        raise InputRefusedError(
            "'open'", where="outcome_kind", expected="how it ended", mend="record it when it has"
        )
    selected = finding.selected_at
    for name, time in (("outcome_at", finding.outcome_at), ("selected_at", selected)):
        if time and time > now + _DAY:
            raise InputRefusedError(f"{stamp(time)[:10]}, which lies ahead", where=name)
    if selected and selected > finding.outcome_at:
        raise InputRefusedError(
            "found before the case was chosen", where="outcome_at", expected="a time after selected_at"
        )


def _content(payload: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(payload[name] for name in ("case_id", "outcome_at", *_CODES))


def _findings(store: Store, connection: Connection) -> list[dict[str, Any]]:
    aliases = aliases_in(store, connection)
    return [
        payload | {"case_id": aliases.get(payload["case_id"], payload["case_id"]), "known_at": entry.at}
        for entry in read_entries(store, connection, (FOUND,))
        for payload in entry.payloads
    ]


def outcomes_in(store: Store, connection: Connection) -> pa.Table:
    """Return the outcomes table: a row a finding, and one for each case that is open and told nothing yet."""
    states = states_in(store, connection)
    findings = _findings(store, connection)
    told = {finding["case_id"] for finding in findings}
    under_way = [
        {
            "case_id": case,
            "outcome_kind": _UNDER_WAY,
            "selected_at": state.opened_at,
            "known_at": state.opened_at,
        }
        for case, state in states.items()
        if state.opened_at and case not in told
    ]
    before = _chosen_at(states, findings)
    inclusion = inclusion_in(store, connection, set(before), before=before)
    choices = _choices(store, connection, before)
    reports = _first_reports(members_in(store, connection))
    rows = []
    for finding in sorted(
        [*findings, *under_way], key=lambda row: (row["case_id"], row.get("outcome_at") or "")
    ):
        case = finding["case_id"]
        state = states.get(case)
        chosen_by, policy = choices.get(case, ("other" if state else None, None))
        rows.append(
            {
                "report_id": reports.get(case, case),
                "case_id": case,
                "outcome_kind": finding["outcome_kind"],
                "selected_at": _time(finding.get("selected_at") or (state.opened_at if state else None)),
                # Up to the next second: what was found within the second of the choice was found after it.
                "outcome_at": _time(finding.get("outcome_at"), up=True),
                "current_abuse_label": finding.get("current_abuse_label"),
                "label_source": finding.get("label_source"),
                "selected_by": finding.get("selected_by") or chosen_by,
                # What no list chose was chosen by a person; the chance that a lottery gave it is not why.
                "inclusion_probability": inclusion.get(case) if case in choices else None,
                "policy_id": policy,
                "known_at": _time(finding["known_at"]),
            }
        )
    return pa.Table.from_pylist(rows, schema=OUTCOMES.arrow_schema)


def count_unseen(store: Store, connection: Connection) -> int:
    """Count the cases that a lottery drew and of which nobody can say anything: not opened, nothing found."""
    opened = {case for case, state in states_in(store, connection).items() if state.opened_at}
    told = {finding["case_id"] for finding in _findings(store, connection)}
    return len(drawn_in(store, connection) - opened - told)


def _chosen_at(states: Mapping[str, State], findings: Sequence[dict[str, Any]]) -> dict[str, str]:
    """Return when each case was chosen; where nobody said, when something was first found about it.

    What a list says about a case that had been chosen before is no reason for its being chosen.
    """
    opened = {case: stamp(state.opened_at) for case, state in states.items() if state.opened_at}
    chosen: dict[str, str] = {}
    for finding in findings:
        case = finding["case_id"]
        at = finding["selected_at"] or opened.get(case) or finding["outcome_at"]
        chosen[case] = min(at, chosen.get(case, at))
    return opened | chosen


def _choices(
    store: Store, connection: Connection, before: Mapping[str, str]
) -> dict[str, tuple[str, str | None]]:
    """Return why each case was chosen, and by which policy: by the last list before it was."""
    aliases = aliases_in(store, connection)
    headers = headers_by_number(store, connection)
    latest: dict[str, tuple[int, dict[str, Any]]] = {}
    for seq, row in chosen_rows(store, connection, all_names(aliases, before)):
        if not row["inclusion"] or (row["inclusion"] < 1 and not row.get("audit")):
            continue
        case = aliases.get(row["case_id"], row["case_id"])
        if latest.get(case, (0,))[0] < seq and headers[seq]["at"] < before.get(case, LATER):
            latest[case] = (seq, row)
    return {case: (_reason(row), str(headers[seq]["policy"])[:64]) for case, (seq, row) in latest.items()}


def _reason(row: dict[str, Any]) -> str:
    if row.get("audit"):
        return "random_audit"
    return "reporter_escalation" if row.get("lane") == "escalated" else "priority_score"


def _first_reports(members: dict[str, str]) -> dict[str, str]:
    """Return a report of each case: the one it is named after, where it is one of them."""
    reports: dict[str, str] = {}
    for report, case in sorted(members.items()):
        if report == case or case not in reports:
            reports[case] = report
    return reports


def _time(time: str | datetime | None, *, up: bool = False) -> datetime | None:
    """Return a time to the second, as the outcomes table has it."""
    if not time:
        return None
    exact = datetime.fromisoformat(time) if isinstance(time, str) else time
    whole = exact.astimezone(UTC).replace(microsecond=0)
    return whole + timedelta(seconds=1) if up and exact > whole else whole
