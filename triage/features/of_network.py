"""Accounts and connections of the reported person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from triage.features.feature import Domain
from triage.schema.declare import Knowable

if TYPE_CHECKING:
    from triage.features.feature import Compute, Floats
    from triage.features.view import View


def group_member(view: View) -> Floats:
    """Whether an account belongs to a group around such material."""
    return view.accounts.flag_of("group_member")


def compromised(view: View) -> Floats:
    """Whether an account may have been taken over."""
    return view.accounts.flag_of("compromised")


def days_since_opening(view: View) -> Floats:
    """Return the days from the opening of the oldest account to the latest report."""
    rows = view.accounts
    return view.days_before_report(rows.smallest(rows.seconds("account_opened_at")))


def days_since_activity(view: View) -> Floats:
    """Return the days from the last log-in, upload or other event to the latest report."""
    rows = view.network_events
    return view.days_before_report(rows.largest(rows.seconds("event_at")))


def hidden_address(view: View) -> Floats:
    """Whether a connection hides where it comes from; denied where those looked up are of a home or phone."""
    rows = view.network_events
    return rows.flag(
        rows.is_code("network_type", "proxy_flagged", "tor", "hosting"),
        rows.is_code("network_type", "residential", "mobile", "satellite"),
    )


def mobile_address(view: View) -> Floats:
    """Whether a connection is a phone's; denied where those looked up are others."""
    rows = view.network_events
    return rows.flag(
        rows.is_code("network_type", "mobile"),
        rows.is_code("network_type", "residential", "satellite", "proxy_flagged", "tor", "hosting"),
    )


def direct_sharing(view: View) -> Floats:
    """Whether sharing from person to person is named."""
    accounts, reports = view.accounts, view.reports
    by_account = accounts.any(accounts.is_code("platform_category", "p2p"))
    return np.where(by_account | reports.any(reports.has("channels", "p2p")), 1.0, 0.0)


def _service(*kinds: str) -> Compute:
    return lambda view: view.accounts.flag(view.accounts.is_code("platform_category", *kinds))


_network = Domain("network")

_NO_EFFECT = "no effect published; a kind of service, never a brand"


NETWORK = (
    _network.flag(
        "group_member",
        +1,
        group_member,
        "member of a group around such material",
        "dark-web survey 2022; Lincoln 2016",
        denied="not in such a group",
    ),
    _network.flag(
        "direct_sharing",
        +1,
        direct_sharing,
        "shares directly from person to person",
        "US arrests 2006: peer-to-peer users",
    ),
    _network.flag(
        "compromised",
        -1,
        compromised,
        "the account may have been taken over",
        "CyberTipline: attribution is weaker",
        denied="the account was not taken over",
    ),
    _network.number(
        "days_since_opening",
        +1,
        days_since_opening,
        "days since the oldest account was opened: {}",
        "CASIC: interest over two years and more",
        unit="days",
    ),
    _network.number(
        "days_since_activity",
        -1,
        days_since_activity,
        "days from the last activity of an account to the report: {}",
        "own judgement: recency of use; no effect published",
        unit="days",
    ),
    _network.flag(
        "hidden_address",
        0,
        hidden_address,
        "connections that hide where they come from",
        "CyberTipline possible proxy; no effect published",
        denied="connections of a home or a phone",
        knowable=Knowable.ENRICHMENT,
    ),
    _network.flag(
        "mobile_address",
        0,
        mobile_address,
        "connections of a phone",
        "no effect published",
        denied="connections of a home or of a network, none of a phone",
        knowable=Knowable.ENRICHMENT,
    ),
    _network.flag("on_social_media", 0, _service("social"), "on social media", _NO_EFFECT),
    _network.flag("on_messenger", 0, _service("messaging"), "on a messaging service", _NO_EFFECT),
    _network.flag("on_chat_room", 0, _service("chat_room"), "in a chat room", _NO_EFFECT),
    _network.flag("on_game", 0, _service("gaming"), "on a gaming service", _NO_EFFECT),
    _network.flag("on_dating_site", 0, _service("dating"), "on a dating site", _NO_EFFECT),
    _network.flag("on_adult_site", 0, _service("adult"), "on a site for adults", _NO_EFFECT),
    _network.flag("on_live_stream", 0, _service("livestream"), "on a live-streaming service", _NO_EFFECT),
    _network.flag("on_storage", 0, _service("cloud", "email"), "on a storage or e-mail service", _NO_EFFECT),
    _network.flag("on_forum", 0, _service("forum"), "on a forum", _NO_EFFECT),
)
