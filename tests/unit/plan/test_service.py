"""One Service and its slices become a plan."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from kube_portals.api.objects import EndpointPort, EndpointSlice, Metadata, Port, Service, ServiceSpec
from kube_portals.api.portals import Backend, Family, ListenerKey, Portal, Protocol, ServicePort
from kube_portals.plan.model import ClusterAddress, Problem, Reason, Refusal, ServicePlan
from kube_portals.plan.service import is_proxied, plan_service
from unit.plan.examples import APP, LEAVING, NODE, NOT_READY, endpoint, endpoint_slice, service

SLICES = [
    endpoint_slice(endpoint("10.1.0.5"), endpoint("10.1.0.6")),
    endpoint_slice(endpoint("fd00:1::5"), family="IPv6", name="app-v6"),
]


def portals(plan: ServicePlan) -> dict[str, str]:
    """Portals by text, and where they lead, as text."""
    return {f"{each.portal} {each.portal.family}": str(each.target) for each in plan.portals}


def messages(plan: ServicePlan) -> list[str]:
    return [f"{problem.reason}: {problem.message}" for problem in plan.problems]


def test_a_cluster_ip_leads_to_a_listener_with_the_backends() -> None:
    plan = plan_service(service(), SLICES, NODE)
    key = ListenerKey(ServicePort(APP, "", Protocol.TCP), Family.IPV4)
    assert plan.cluster_addresses == (ClusterAddress(Family.IPV4, "10.96.0.10"),)
    assert [(each.portal, each.target) for each in plan.portals] == [
        (Portal(Family.IPV4, Protocol.TCP, 80, "10.96.0.10"), key)
    ]
    (listener,) = plan.listeners
    assert listener.key == key
    assert listener.backends == (Backend("10.1.0.5", 8080), Backend("10.1.0.6", 8080))
    assert plan.problems == ()


def test_a_node_port_leads_to_the_same_listener_as_the_cluster_ip() -> None:
    plan = plan_service(service(Port(port=80, node_port=30061), type_="NodePort"), SLICES, NODE)
    assert portals(plan) == {
        "10.96.0.10:80/TCP IPv4": "default/app (TCP, IPv4, Cluster)",
        "nodePort 30061/TCP IPv4": "default/app (TCP, IPv4, Cluster)",
    }
    assert len(plan.listeners) == 1


def test_a_dual_stack_service_has_a_listener_for_each_family() -> None:
    made = service(Port(port=80, node_port=30061), type_="NodePort", ips=["10.96.0.10", "fd00:96::10"])
    plan = plan_service(made, SLICES, NODE)
    assert portals(plan) == {
        "10.96.0.10:80/TCP IPv4": "default/app (TCP, IPv4, Cluster)",
        "nodePort 30061/TCP IPv4": "default/app (TCP, IPv4, Cluster)",
        "[fd00:96::10]:80/TCP IPv6": "default/app (TCP, IPv6, Cluster)",
        "nodePort 30061/TCP IPv6": "default/app (TCP, IPv6, Cluster)",
    }
    assert [str(backend) for listener in plan.listeners for backend in listener.backends] == [
        "10.1.0.5:8080",
        "10.1.0.6:8080",
        "[fd00:1::5]:8080",
    ]


def test_with_ipv4_endpoints_only_the_ipv6_cluster_ip_is_rejected() -> None:
    plan = plan_service(service(ips=["10.96.0.10", "fd00:96::10"]), SLICES[:1], NODE)
    assert portals(plan) == {
        "10.96.0.10:80/TCP IPv4": "default/app (TCP, IPv4, Cluster)",
        "[fd00:96::10]:80/TCP IPv6": "reject",
    }


def test_cluster_ip_alone_serves_where_cluster_ips_are_missing() -> None:
    made = Service(
        metadata=Metadata(name="app"), spec=ServiceSpec(cluster_ip="10.96.0.10", ports=(Port(port=80),))
    )
    assert "10.96.0.10:80/TCP IPv4" in portals(plan_service(made, SLICES, NODE))


def test_a_family_that_the_node_does_not_serve_is_left_out() -> None:
    node = replace(NODE, families=frozenset({Family.IPV4}))
    made = service(Port(port=80, node_port=30061), type_="NodePort", ips=["10.96.0.10", "fd00:96::10"])
    plan = plan_service(made, SLICES, node)
    assert {each.portal.family for each in plan.portals} == {Family.IPV4}
    assert plan.cluster_addresses == (ClusterAddress(Family.IPV4, "10.96.0.10"),)
    assert plan.problems == ()


def test_a_service_of_a_family_that_the_node_does_not_serve_is_a_problem() -> None:
    node = replace(NODE, families=frozenset({Family.IPV4}))
    plan = plan_service(service(ips=["fd00:96::10"]), SLICES, node)
    assert plan.portals == ()
    assert messages(plan) == [
        "NodeError: is for IPv6 only, but node node-a serves IPv4; "
        "add a family to spec.ipFamilies, or a portal address of that family to the node"
    ]


def test_no_usable_backend_is_actively_refused() -> None:
    made = service(Port(port=80, node_port=30061), type_="NodePort")
    plan = plan_service(made, [endpoint_slice(endpoint("10.1.0.5", NOT_READY))], NODE)
    assert {each.target for each in plan.portals} == {Refusal.REJECT}
    assert plan.listeners == ()
    assert plan.problems == ()


def test_terminating_endpoints_keep_the_portal_proxied() -> None:
    plan = plan_service(service(), [endpoint_slice(endpoint("10.1.0.5", LEAVING))], NODE)
    assert plan.listeners[0].backends == (Backend("10.1.0.5", 8080),)


def test_tcp_and_udp_may_share_a_port_number() -> None:
    made = service(
        Port(port=53, name="dns", protocol="UDP", node_port=30053),
        Port(port=53, name="dns-tcp", protocol="TCP", node_port=30053),
        type_="NodePort",
    )
    ports = [EndpointPort(name="dns", port=53, protocol="UDP"), EndpointPort(name="dns-tcp", port=53)]
    plan = plan_service(made, [endpoint_slice(endpoint("10.1.0.5"), ports=ports)], NODE)
    assert portals(plan) == {
        "10.96.0.10:53/UDP IPv4": "default/app:dns (UDP, IPv4, Cluster)",
        "nodePort 30053/UDP IPv4": "default/app:dns (UDP, IPv4, Cluster)",
        "10.96.0.10:53/TCP IPv4": "default/app:dns-tcp (TCP, IPv4, Cluster)",
        "nodePort 30053/TCP IPv4": "default/app:dns-tcp (TCP, IPv4, Cluster)",
    }


def test_an_sctp_port_is_a_problem_and_the_other_ports_work() -> None:
    made = service(Port(port=80, name="http"), Port(port=9, name="sig", protocol="SCTP"))
    ports = [EndpointPort(name="http", port=8080)]
    plan = plan_service(made, [endpoint_slice(endpoint("10.1.0.5"), ports=ports)], NODE)
    assert list(portals(plan)) == ["10.96.0.10:80/TCP IPv4"]
    assert plan.problems == (
        Problem(
            APP, Reason.UNSUPPORTED_PROTOCOL, "port sig (9) has protocol 'SCTP'; only TCP and UDP are relayed"
        ),
    )


@pytest.mark.parametrize(
    "made",
    [
        service(ips=["None"]),
        service(type_="ExternalName", ips=[]),
        service(type_="ExternalName"),
        service(labels={"service.kubernetes.io/service-proxy-name": "other"}),
        service(labels={"service.kubernetes.io/service-proxy-name": ""}),
        service(labels={"service.kubernetes.io/headless": ""}),
    ],
    ids=["headless", "ExternalName", "ExternalName with a clusterIP", "proxy name", "empty name", "label"],
)
def test_services_that_no_proxy_or_another_one_serves_have_an_empty_plan(made: Service) -> None:
    assert not is_proxied(made)
    assert plan_service(made, SLICES, NODE) == ServicePlan(service=APP)


def test_a_load_balancer_has_node_ports_unless_they_are_not_allocated() -> None:
    with_node_port = service(Port(port=80, node_port=30061), type_="LoadBalancer")
    assert "nodePort 30061/TCP IPv4" in portals(plan_service(with_node_port, SLICES, NODE))
    without = plan_service(service(Port(port=80), type_="LoadBalancer"), SLICES, NODE)
    assert list(portals(without)) == ["10.96.0.10:80/TCP IPv4"]
    assert without.problems == ()


def test_a_node_port_left_over_at_a_cluster_ip_service_is_not_served() -> None:
    plan = plan_service(service(Port(port=80, node_port=30061), type_="ClusterIP"), SLICES, NODE)
    assert list(portals(plan)) == ["10.96.0.10:80/TCP IPv4"]


def test_a_node_port_service_without_a_cluster_ip_has_the_node_ports_of_its_ip_families() -> None:
    made = service(Port(port=80, node_port=30061), type_="NodePort", ips=[], families=["IPv6"])
    plan = plan_service(made, SLICES, NODE)
    assert list(portals(plan)) == ["nodePort 30061/TCP IPv6"]
    assert plan.problems == ()


@dataclass
class Wrong:
    """A Service with something wrong, the portals that it keeps, and its problem."""

    service: Service
    portals: list[str]
    problem: str


WRONG = {
    "no clusterIP": Wrong(
        service(ips=[], families=["IPv4"]),
        [],
        "InvalidService: has no clusterIP (an API server assigns it); set spec.clusterIP",
    ),
    "no clusterIP and no family": Wrong(
        service(Port(port=80, node_port=30061), type_="NodePort", ips=[]),
        [],
        "InvalidService: has no clusterIP (an API server assigns it); set spec.clusterIP, "
        "or spec.ipFamilies for its nodePorts alone",
    ),
    "a clusterIP that is none": Wrong(
        service(ips=["10.96.0.300"]),
        [],
        "InvalidService: clusterIP '10.96.0.300' is no IP address; choose an address out of the Service CIDR",
    ),
    "a loopback clusterIP": Wrong(
        service(ips=["127.0.0.1", "fd00:96::10"]),
        ["[fd00:96::10]:80/TCP IPv6"],
        "InvalidService: clusterIP '127.0.0.1' is a loopback address; "
        "choose an address out of the Service CIDR",
    ),
    "a portal address as clusterIP": Wrong(
        service(ips=["fd64:706f:7274::1"]),
        [],
        "InvalidService: clusterIP 'fd64:706f:7274::1' is a portal address of this node; "
        "choose an address out of the Service CIDR",
    ),
    "a port out of range": Wrong(
        service(Port(port=0, name="zero"), Port(port=80, name="http")),
        ["10.96.0.10:80/TCP IPv4"],
        "InvalidService: port zero (0) is no port; expected 1 to 65535",
    ),
    "a port twice": Wrong(
        service(Port(port=80, name="a"), Port(port=80, name="b")),
        ["10.96.0.10:80/TCP IPv4"],
        "InvalidService: port 80/TCP is listed twice; remove one of them",
    ),
    "a name twice": Wrong(
        service(Port(port=80, name="a"), Port(port=81, name="a")),
        ["10.96.0.10:80/TCP IPv4"],
        "InvalidService: ports 80 and 81 (TCP) have the name 'a'; give each port a name of its own",
    ),
    "two ports without names": Wrong(
        service(Port(port=80), Port(port=81)),
        ["10.96.0.10:80/TCP IPv4"],
        "InvalidService: ports 80 and 81 (TCP) have no name; give each port a name of its own",
    ),
    "a protocol that is none": Wrong(
        service(Port(port=80, protocol="tcp"), Port(port=81, name="b")),
        ["10.96.0.10:81/TCP IPv4"],
        "UnsupportedProtocol: port 80 has protocol 'tcp'; only TCP and UDP are relayed",
    ),
    "no nodePort": Wrong(
        service(Port(port=80, name="http"), type_="NodePort"),
        ["10.96.0.10:80/TCP IPv4"],
        "InvalidService: port http (80) has no nodePort; "
        "set spec.ports[].nodePort (an API server assigns one)",
    ),
    "a nodePort out of range": Wrong(
        service(Port(port=80, node_port=300610), type_="NodePort"),
        ["10.96.0.10:80/TCP IPv4"],
        "InvalidService: port 80 has nodePort 300610; expected 1 to 65535",
    ),
    "a nodePort twice": Wrong(
        service(
            Port(port=80, name="a", node_port=30061),
            Port(port=81, name="b", node_port=30061),
            type_="NodePort",
        ),
        ["10.96.0.10:80/TCP IPv4", "nodePort 30061/TCP IPv4", "10.96.0.10:81/TCP IPv4"],
        "InvalidService: nodePort 30061/TCP is listed twice; choose another for port b (81)",
    ),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_wrong_part_of_a_service_is_a_problem_and_the_others_work(wrong: Wrong) -> None:
    plan = plan_service(wrong.service, [], NODE)
    assert list(portals(plan)) == wrong.portals
    assert messages(plan) == [wrong.problem]


@pytest.mark.parametrize(
    ("address", "what"),
    [
        ("10.96.0.10", "a clusterIP"),
        ("10.96.0.11", "a clusterIP"),
        ("192.0.2.1", "a portal address of this node"),
    ],
)
def test_a_backend_that_is_a_portal_is_refused(address: str, what: str) -> None:
    node = replace(
        NODE, portal_addresses=frozenset({"192.0.2.1"}), cluster_addresses=frozenset({"10.96.0.11"})
    )
    plan = plan_service(service(), [endpoint_slice(endpoint(address), endpoint("10.1.0.6"))], node)
    assert plan.listeners[0].backends == (Backend("10.1.0.6", 8080),)
    assert messages(plan) == [
        f"BackendRefused: EndpointSlice default/app-abc: backend address {address} is {what}; "
        "expected the address of a pod or host"
    ]


def test_one_bad_endpoint_is_one_problem_however_many_ports_the_service_has() -> None:
    made = service(Port(port=80, name="a"), Port(port=81, name="b"))
    ports = [EndpointPort(name="a", port=80), EndpointPort(name="b", port=81)]
    plan = plan_service(made, [endpoint_slice(endpoint("127.0.0.1"), ports=ports)], NODE)
    assert len(plan.problems) == 1
    assert {each.target for each in plan.portals} == {Refusal.REJECT}


texts = st.sampled_from(["10.96.0.10", "10.96.0.11", "fd00:96::10", "None", "", "::1", "169.254.64.1", "bad"])
ports_of_a_service = st.lists(
    st.builds(
        Port,
        port=st.sampled_from([0, 80, 81]),
        name=st.sampled_from(["", "a", "b"]),
        protocol=st.sampled_from(["TCP", "UDP", "SCTP", "x"]),
        node_port=st.sampled_from([None, 0, 30061, 30062, 70000]),
    ),
    max_size=4,
)
services = st.builds(
    Service,
    metadata=st.builds(Metadata, name=st.just("app")),
    spec=st.builds(
        ServiceSpec,
        type=st.sampled_from(["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]),
        cluster_ips=st.lists(texts, max_size=3).map(tuple),
        ip_families=st.lists(st.sampled_from(["IPv4", "IPv6", "IPv5"]), max_size=2).map(tuple),
        ports=ports_of_a_service.map(tuple),
    ),
)
slices_of_any = st.lists(
    st.builds(
        endpoint_slice,
        st.sampled_from(["10.1.0.5", "fd00:1::5", "127.0.0.1", "10.96.0.10"]).map(endpoint),
        ports=st.just([EndpointPort(name=name, port=8080) for name in ("", "a", "b")]),
        family=st.sampled_from(["IPv4", "IPv6"]),
        name=st.sampled_from(["app-1", "app-2"]),
    ),
    max_size=3,
)


@given(services, slices_of_any, st.sets(st.sampled_from(Family)))
def test_every_plan_is_sound(made: Service, slices: list[EndpointSlice], families: set[Family]) -> None:
    plan = plan_service(made, slices, replace(NODE, families=frozenset(families)))
    keys = [listener.key for listener in plan.listeners]
    assert len(keys) == len(set(keys))
    assert len({each.portal for each in plan.portals}) == len(plan.portals), "one target a portal"
    assert {each.target for each in plan.portals} - {Refusal.REJECT} == set(keys), "listeners are all led to"
    assert all(listener.backends for listener in plan.listeners)
    assert {each.portal.family for each in plan.portals} <= families
    claimed = {address.address for address in plan.cluster_addresses}
    assert {each.portal.address for each in plan.portals if each.portal.address} <= claimed
    dialled = {backend.address for listener in plan.listeners for backend in listener.backends}
    assert not dialled & (claimed | {"127.0.0.1"}), "no portal is dialled"
    assert all(problem.service == plan.service and problem.message for problem in plan.problems)


@given(services, slices_of_any)
def test_a_plan_does_not_depend_on_the_order_of_slices(made: Service, slices: list[EndpointSlice]) -> None:
    assert plan_service(made, slices, NODE) == plan_service(made, slices[::-1], NODE)


@given(services, slices_of_any)
def test_a_service_that_gets_no_portal_at_all_says_why(made: Service, slices: list[EndpointSlice]) -> None:
    plan = plan_service(made, slices, NODE)
    if is_proxied(made) and made.spec.ports and not plan.portals:
        assert plan.problems
