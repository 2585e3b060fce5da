"""Addresses: one spelling for each, and what no pod and no Service can have as its address."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec import Struct

from kube_portals.api.portals import Family

_BROADCAST = IPv4Address("255.255.255.255")


class Address(Struct, frozen=True):
    """An address in the kernel's spelling (RFC 5952 for IPv6).

    `flaw` says why neither a pod nor a Service can have it; empty where one can.
    """

    text: str
    family: Family
    flaw: str = ""


@lru_cache(maxsize=1 << 16)
def read_address(text: str) -> Address | None:
    """The address in `text`, or None where it is none (an IPv6 zone does not belong to an address here)."""
    try:
        parsed = ip_address(text)
    except ValueError:
        return None
    if isinstance(parsed, IPv6Address) and parsed.scope_id is not None:
        return None
    return Address(str(parsed), Family.of(text), _flaw(parsed))


def _flaw(address: IPv4Address | IPv6Address) -> str:
    # The first five are what the API server refuses in EndpointSlices as well (ValidateNonSpecialIP).
    if address.is_loopback:
        return "a loopback address"
    if address.is_unspecified:
        return "the unspecified address"
    if address.is_multicast:
        return "a multicast address"
    if address.is_link_local:
        return "a link-local address"
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return "an IPv4 address in IPv6 form"
    if address == _BROADCAST:
        return "the broadcast address"
    return ""
