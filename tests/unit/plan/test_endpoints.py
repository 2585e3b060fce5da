"""Which backends of a Service port are usable."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_portals.api.objects import Conditions, Endpoint, EndpointPort, EndpointSlice, Metadata
from kube_portals.api.portals import Backend, Family, Protocol, ServicePort
from kube_portals.plan.endpoints import Endpoints, usable_backends
from kube_portals.plan.model import Reason
from unit.plan.examples import APP, LEAVING, LEFT, NOT_READY, READY, endpoint, endpoint_slice

PORT = ServicePort(APP, "", Protocol.TCP)


def usable(
    *slices: EndpointSlice,
    port: ServicePort = PORT,
    family: Family = Family.IPV4,
    portals: Sequence[str] = (),
) -> Endpoints:
    return usable_backends(
        port, family, slices, whose=lambda address: "a clusterIP" if address in portals else ""
    )


def backends(*slices: EndpointSlice, port: ServicePort = PORT, family: Family = Family.IPV4) -> list[str]:
    found = usable(*slices, port=port, family=family)
    assert not found.problems
    return [str(backend) for backend in found.backends]


def test_ready_endpoints_are_used() -> None:
    assert backends(endpoint_slice(endpoint("10.1.0.5"), endpoint("10.1.0.6", NOT_READY))) == [
        "10.1.0.5:8080"
    ]


def test_an_endpoint_without_conditions_is_ready() -> None:
    assert backends(endpoint_slice(endpoint("10.1.0.5", Conditions()))) == ["10.1.0.5:8080"]


def test_a_terminating_endpoint_is_not_used_while_another_is_ready() -> None:
    assert backends(endpoint_slice(endpoint("10.1.0.5", LEAVING), endpoint("10.1.0.6"))) == ["10.1.0.6:8080"]


def test_a_terminating_endpoint_is_used_when_none_is_ready() -> None:
    found = backends(endpoint_slice(endpoint("10.1.0.5", LEAVING), endpoint("10.1.0.6", LEFT)))
    assert found == ["10.1.0.5:8080"]


def test_an_endpoint_that_serves_but_is_neither_ready_nor_terminating_is_not_used() -> None:
    conditions = Conditions(ready=False, serving=True, terminating=False)
    assert backends(endpoint_slice(endpoint("10.1.0.5", conditions))) == []


def test_serving_left_open_follows_ready() -> None:
    conditions = Conditions(ready=False, serving=None, terminating=True)
    assert backends(endpoint_slice(endpoint("10.1.0.5", conditions))) == []


def test_publish_not_ready_addresses_keeps_a_terminating_endpoint_in_use() -> None:
    conditions = Conditions(ready=True, serving=False, terminating=True)
    assert backends(endpoint_slice(endpoint("10.1.0.5", conditions))) == ["10.1.0.5:8080"]


def test_the_fallback_to_terminating_endpoints_spans_all_slices() -> None:
    first = endpoint_slice(endpoint("10.1.0.5", LEAVING), name="app-1")
    second = endpoint_slice(endpoint("10.1.0.6"), name="app-2")
    assert backends(first, second) == ["10.1.0.6:8080"]


def test_a_named_target_port_may_be_another_number_on_every_pod() -> None:
    port = ServicePort(APP, "http", Protocol.TCP)
    first = endpoint_slice(endpoint("10.1.0.5"), ports=[EndpointPort(name="http", port=80)], name="app-1")
    second = endpoint_slice(endpoint("10.1.0.6"), ports=[EndpointPort(name="http", port=8080)], name="app-2")
    assert backends(first, second, port=port) == ["10.1.0.5:80", "10.1.0.6:8080"]


def test_each_port_of_a_multi_port_service_has_its_own_backends() -> None:
    ports = [EndpointPort(name="http", port=80), EndpointPort(name="admin", port=9000)]
    found = backends(
        endpoint_slice(endpoint("10.1.0.5"), ports=ports), port=ServicePort(APP, "admin", Protocol.TCP)
    )
    assert found == ["10.1.0.5:9000"]


def test_the_same_port_name_with_another_protocol_is_another_port() -> None:
    ports = [EndpointPort(port=53, protocol="UDP"), EndpointPort(port=54, protocol="TCP")]
    found = backends(
        endpoint_slice(endpoint("10.1.0.5"), ports=ports), port=ServicePort(APP, "", Protocol.UDP)
    )
    assert found == ["10.1.0.5:53"]


def test_an_endpoint_port_without_a_name_is_that_of_the_unnamed_service_port() -> None:
    unset = endpoint_slice(endpoint("10.1.0.5"), ports=[EndpointPort(port=80)], name="app-1")
    empty = endpoint_slice(endpoint("10.1.0.6"), ports=[EndpointPort(name="", port=80)], name="app-2")
    assert backends(unset, empty) == ["10.1.0.5:80", "10.1.0.6:80"]


def test_an_endpoint_port_without_a_number_is_skipped() -> None:
    assert backends(endpoint_slice(endpoint("10.1.0.5"), ports=[EndpointPort(port=None)])) == []


def test_an_endpoint_in_two_slices_counts_once() -> None:
    first = endpoint_slice(endpoint("10.1.0.5"), name="app-1")
    second = endpoint_slice(endpoint("10.1.0.5"), endpoint("10.1.0.6"), name="app-2")
    assert backends(first, second) == ["10.1.0.5:8080", "10.1.0.6:8080"]


def test_an_endpoint_that_one_slice_still_calls_unready_is_ready() -> None:
    stale = endpoint_slice(endpoint("10.1.0.5", NOT_READY), name="app-1")
    fresh = endpoint_slice(endpoint("10.1.0.5"), name="app-2")
    assert backends(stale, fresh) == backends(fresh, stale) == ["10.1.0.5:8080"]


def test_an_ipv6_address_in_two_spellings_is_one_backend() -> None:
    endpoints = (endpoint("fd00::5"), endpoint("FD00:0::5"))
    assert backends(endpoint_slice(*endpoints, family="IPv6"), family=Family.IPV6) == ["[fd00::5]:8080"]


@pytest.mark.parametrize("family", ["IPv6", "FQDN"])
def test_slices_of_the_other_family_and_of_names_are_ignored(family: str) -> None:
    assert backends(endpoint_slice(endpoint("pod.example.org"), family=family)) == []


def test_slices_of_headless_services_are_ignored() -> None:
    made = endpoint_slice(endpoint("10.1.0.5"))
    headless = EndpointSlice(
        metadata=Metadata(name="app-1", labels={"service.kubernetes.io/headless": ""}),
        address_type="IPv4",
        endpoints=made.endpoints,
        ports=made.ports,
    )
    assert backends(headless) == []


def test_null_endpoints_and_null_ports_are_none() -> None:
    metadata = Metadata(name="app-1")
    assert backends(EndpointSlice(metadata=metadata, address_type="IPv4")) == []
    ports = (EndpointPort(port=80),)
    assert backends(EndpointSlice(metadata=metadata, address_type="IPv4", ports=ports)) == []


def test_only_the_first_address_of_an_endpoint_counts() -> None:
    assert backends(endpoint_slice(Endpoint(addresses=("10.1.0.5", "10.1.0.6")))) == ["10.1.0.5:8080"]


@pytest.mark.parametrize(
    ("address", "message"),
    [
        (
            "127.0.0.1",
            "backend address 127.0.0.1 is a loopback address; expected the address of a pod or host",
        ),
        (
            "0.0.0.0",
            "backend address 0.0.0.0 is the unspecified address; expected the address of a pod or host",
        ),
        (
            "224.0.0.9",
            "backend address 224.0.0.9 is a multicast address; expected the address of a pod or host",
        ),
        (
            "169.254.64.1",
            "backend address 169.254.64.1 is a link-local address; expected the address of a pod or host",
        ),
        ("10.96.0.1", "backend address 10.96.0.1 is a clusterIP; expected the address of a pod or host"),
        ("fd00::5", "backend address 'fd00::5' is no IPv4 address, as the slice's addressType says"),
        ("pod-1", "backend address 'pod-1' is no IPv4 address, as the slice's addressType says"),
    ],
)
def test_a_refused_backend_is_a_problem_and_the_others_stay(address: str, message: str) -> None:
    found = usable(endpoint_slice(endpoint(address), endpoint("10.1.0.6")), portals=["10.96.0.1"])
    assert found.backends == (Backend("10.1.0.6", 8080),)
    (problem,) = found.problems
    assert (problem.service, problem.reason) == (APP, Reason.BACKEND_REFUSED)
    assert problem.message == f"EndpointSlice default/app-abc: {message}"


def test_a_refused_backend_does_not_keep_terminating_ones_out_of_use() -> None:
    found = usable(endpoint_slice(endpoint("127.0.0.1"), endpoint("10.1.0.6", LEAVING)))
    assert found.backends == (Backend("10.1.0.6", 8080),)


def test_a_bad_address_that_is_not_used_is_no_problem() -> None:
    assert usable(endpoint_slice(endpoint("127.0.0.1", NOT_READY))) == Endpoints()


def test_an_endpoint_without_an_address_is_a_problem() -> None:
    found = usable(endpoint_slice(Endpoint(addresses=())))
    assert "an endpoint has no address" in found.problems[0].message


@pytest.mark.parametrize("number", [0, -1, 65536])
def test_an_endpoint_port_out_of_range_is_a_problem(number: int) -> None:
    ports = [EndpointPort(port=number), EndpointPort(port=80)]
    found = usable(endpoint_slice(endpoint("10.1.0.5"), ports=ports))
    assert found.backends == (Backend("10.1.0.5", 80),)
    assert f"endpoint port {number}; expected 1 to 65535" in found.problems[0].message


conditions = st.builds(
    Conditions,
    ready=st.sampled_from([None, True, False]),
    serving=st.sampled_from([None, True, False]),
    terminating=st.sampled_from([None, True, False]),
)
addresses = st.sampled_from([f"10.1.0.{last}" for last in range(1, 6)] + ["127.0.0.1", "10.96.0.1"])
endpoint_ports = st.builds(
    EndpointPort,
    port=st.sampled_from([None, 80, 8080]),
    name=st.sampled_from([None, "", "http"]),
    protocol=st.sampled_from([None, "TCP", "UDP"]),
)
slices_of_a_service = st.lists(
    st.builds(
        EndpointSlice,
        metadata=st.builds(Metadata, name=st.sampled_from(["app-1", "app-2"])),
        address_type=st.sampled_from(["IPv4", "IPv6", "FQDN"]),
        endpoints=st.none()
        | st.lists(
            st.builds(Endpoint, addresses=addresses.map(lambda address: (address,)), conditions=conditions),
            max_size=4,
        ).map(tuple),
        ports=st.none() | st.lists(endpoint_ports, max_size=2).map(tuple),
    ),
    max_size=4,
)


@given(slices_of_a_service, st.randoms())
def test_the_order_of_slices_and_endpoints_does_not_matter(
    slices: list[EndpointSlice], random: object
) -> None:
    shuffled = list(slices)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert usable(*shuffled, portals=["10.96.0.1"]) == usable(*slices, portals=["10.96.0.1"])


@given(slices_of_a_service)
def test_backends_are_those_of_the_plain_definition(slices: list[EndpointSlice]) -> None:
    ready, leaving = set(), set()
    for each in slices:
        for port in each.ports or ():
            for found in each.endpoints or ():
                matches = (
                    each.address_type == "IPv4"
                    and port.port
                    and port.name != "http"
                    and port.protocol != "UDP"
                )
                if not matches or found.addresses[0] in ("127.0.0.1", "10.96.0.1"):
                    continue
                backend = Backend(found.addresses[0], port.port or 0)
                if found.conditions.ready in (None, True):
                    ready.add(backend)
                elif found.conditions.serving and found.conditions.terminating:
                    leaving.add(backend)
    result = usable(*slices, portals=["10.96.0.1"])
    assert list(result.backends) == sorted(ready or leaving)


@given(slices_of_a_service)
def test_every_refused_address_is_named_and_no_other(slices: list[EndpointSlice]) -> None:
    result = usable(*slices, portals=["10.96.0.1"])
    assert all(problem.reason is Reason.BACKEND_REFUSED for problem in result.problems)
    used = {backend.address for backend in result.backends}
    assert not used & {"127.0.0.1", "10.96.0.1"}
    assert all(("127.0.0.1" in each.message) != ("10.96.0.1" in each.message) for each in result.problems)


def test_readiness_changes_nothing_but_the_backends() -> None:
    before = endpoint_slice(endpoint("10.1.0.5"), endpoint("10.1.0.6", READY))
    after = endpoint_slice(endpoint("10.1.0.5"), endpoint("10.1.0.6", NOT_READY))
    assert backends(before) == ["10.1.0.5:8080", "10.1.0.6:8080"]
    assert backends(after) == ["10.1.0.5:8080"]
