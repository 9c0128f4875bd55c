"""What ties events to devices and addresses, and what is too common to tie anything."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING

from triage.intake import notes as remarks

if TYPE_CHECKING:
    from triage.intake.values import Place

# The same address and port stand in many homes at once: such a pair would join strangers.
_SHARED = {
    4: (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.168.0.0/16",
    ),
    6: ("::/127", "fc00::/7", "fe80::/10"),
}
_SHARED_RANGES = {
    version: [(int(net[0]), int(net[-1])) for net in map(ip_network, nets)]
    for version, nets in _SHARED.items()
}


# A device begins so: unlike an address it stays with its holder, so it ties persons for good.
DEVICE = "d:"
# Lower ports belong to the service, not to whoever came: with one of these the address is as good as bare.
FIRST_FREE_PORT = 1_024


def address_token(place: Place, address: str, port: str) -> str | None:
    """Return the token of address and port.

    None without a port, with the port of a service, or for an address that many share.
    """
    if not (port.isascii() and port.isdigit() and FIRST_FREE_PORT <= int(port[:6]) < 65_536):
        return None
    routed = routable(address)
    if routed is None:
        place.remark(remarks.BAD_ADDRESS)
        return None
    return place.token("address", routed, str(int(port))) if routed else None


def device_token(place: Place, kind: str, value: str) -> str | None:
    """Return the token of a device; none for an identifier of nothing but zeros, which means "withheld"."""
    if not value.strip("0-: "):
        return None
    return DEVICE + place.token("device", kind.lower(), value.lower())


@lru_cache(maxsize=65_536)
def routable(text: str) -> str | None:
    """Return an address in its one written form; empty when many share it, None when it is no address.

    Examples
    --------
    >>> routable("2001:DB8::0:1"), routable("192.168.1.1"), routable("somewhere")
    ('2001:db8::1', '', None)
    """
    try:
        address = ip_address(text)
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    number = int(address)
    shared = any(low <= number <= high for low, high in _SHARED_RANGES[address.version])
    return "" if shared else str(address)


def plain_number(text: str) -> str:
    """Return a report number without leading zeros; empty where the text is no number.

    Examples
    --------
    >>> plain_number(" 0071 "), plain_number("7a")
    ('71', '')
    """
    digits = text.strip()
    return (digits.lstrip("0") or "0") if digits.isascii() and digits.isdigit() and len(digits) <= 30 else ""
