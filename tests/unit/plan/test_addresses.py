"""Addresses: one spelling, and what no pod can have."""

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_portals.api.portals import Family
from kube_portals.plan.addresses import Address, read_address


@pytest.mark.parametrize(
    ("text", "flaw"),
    [
        ("127.8.0.1", "a loopback address"),
        ("::1", "a loopback address"),
        ("0.0.0.0", "the unspecified address"),
        ("::", "the unspecified address"),
        ("224.0.0.1", "a multicast address"),
        ("ff02::1", "a multicast address"),
        ("169.254.64.1", "a link-local address"),
        ("fe80::1", "a link-local address"),
        ("::ffff:10.0.0.1", "an IPv4 address in IPv6 form"),
        ("::ffff:127.0.0.1", "an IPv4 address in IPv6 form"),
        ("255.255.255.255", "the broadcast address"),
        ("10.0.0.1", ""),
        ("240.0.0.1", ""),
        ("fd00::1", ""),
        ("2001:db8::1", ""),
    ],
)
def test_an_address_that_no_pod_can_have_is_called_by_its_kind(text: str, flaw: str) -> None:
    address = read_address(text)
    assert address
    assert address.flaw == flaw


@pytest.mark.parametrize(
    "text", ["", "None", "10.0.0", "10.0.0.300", "010.0.0.1", "fe80::1%eth0", "a.b", "1"]
)
def test_what_is_no_address_is_none(text: str) -> None:
    assert read_address(text) is None


def test_an_ipv6_address_is_spelled_in_one_way() -> None:
    assert read_address("FD00:0:0::0001") == Address("fd00::1", Family.IPV6)


@given(st.ip_addresses())
def test_any_spelling_of_an_address_is_read_as_the_same(address: IPv4Address | IPv6Address) -> None:
    short = read_address(str(address))
    assert short
    assert short.text == str(address)
    if isinstance(address, IPv6Address):
        assert read_address(address.exploded.upper()) == short


@given(st.text())
def test_no_text_makes_reading_fail(text: str) -> None:
    address = read_address(text)
    assert address is None or read_address(address.text) == address
