"""Plans, acknowledged listeners and counters become a node's status."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

from kube_portals.api.portals import BackendSet, Family, ListenerKey, Protocol
from kube_portals.plan.model import PlannedPortal, Refusal, ServicePlan
from kube_portals.report.build import ServiceView, build_status
from kube_portals.report.status import (
    AgentInfo,
    BackendStatus,
    NodeStatus,
    PortalState,
    PortalStatus,
    ProblemStatus,
    ServiceStatus,
    Traffic,
    total_traffic,
)
from unit.report.examples import (
    BOUND,
    COUNTERS,
    DNS_PLAN,
    FACTS,
    VIEWS,
    WEB_PLAN,
    WEB_V4,
    WELCOME,
    example_status,
)


def service_status(view: ServiceView) -> ServiceStatus:
    (status,) = build_status(FACTS, services=[view], bound=BOUND, welcome=WELCOME, counters=COUNTERS).services
    return status


def states(status: ServiceStatus) -> list[tuple[str, str]]:
    return [(portal.portal, portal.state) for portal in status.portals]


def test_services_are_listed_by_namespace_and_name() -> None:
    names = [(service.namespace, service.name) for service in example_status().services]
    assert names == [("default", "new"), ("default", "web"), ("kube-system", "dns")]


def test_a_proxied_cluster_ip_tells_its_proxy_port() -> None:
    assert service_status(VIEWS[1]).portals[0] == PortalStatus(
        portal="10.96.0.10:80/TCP",
        address="10.96.0.10",
        port=80,
        node_port=0,
        protocol=Protocol.TCP,
        family=Family.IPV4,
        service_port="default/web:http",
        state=PortalState.PROXIED,
        proxy_address="169.254.64.1",
        proxy_port=10241,
    )


def test_a_node_port_has_no_address_and_its_number() -> None:
    portal = service_status(VIEWS[1]).portals[1]
    assert (portal.address, portal.port, portal.node_port) == ("", 30061, 30061)


@pytest.mark.parametrize(
    ("target", "state"),
    [
        (Refusal.REJECT, PortalState.REJECTED),
        (Refusal.DROP, PortalState.DROPPED),
        (WEB_V4, PortalState.PROXIED),
        (ListenerKey(WEB_V4.service_port, Family.IPV4, BackendSet.LOCAL), PortalState.PENDING),
    ],
)
def test_the_state_of_a_portal_is_where_it_leads(target: ListenerKey | Refusal, state: PortalState) -> None:
    planned = PlannedPortal(WEB_PLAN.portals[0].portal, WEB_V4.service_port, target)
    plan = ServicePlan(service=WEB_PLAN.service, portals=(planned,))
    portal = service_status(ServiceView(type="ClusterIP", settled=plan)).portals[0]
    assert portal.state is state
    assert bool(portal.proxy_port) is (state is PortalState.PROXIED)


@pytest.mark.parametrize("plan", [WEB_PLAN, DNS_PLAN], ids=["to a listener", "to reject"])
def test_portals_are_pending_until_the_kernel_has_acknowledged_them(plan: ServicePlan) -> None:
    status = service_status(ServiceView(type="ClusterIP", settled=plan, applied=False))
    assert {portal.state for portal in status.portals} == {PortalState.PENDING}
    assert not any(portal.proxy_port for portal in status.portals)


def test_a_portal_that_an_older_service_owns_is_a_conflict() -> None:
    status = service_status(VIEWS[2])
    assert states(status) == [("10.96.0.11:80/TCP", "pending"), ("nodePort 30061/TCP", "conflict")]
    assert status.problems == (
        ProblemStatus(
            reason=VIEWS[2].settled.problems[0].reason, message=VIEWS[2].settled.problems[0].message
        ),
    )


def test_backends_have_their_counters_and_those_that_left_are_not_listed() -> None:
    group = service_status(VIEWS[1]).backends[0]
    assert (group.service_port, group.port_name, group.family) == ("default/web:http", "http", Family.IPV4)
    assert group.backends == (
        BackendStatus(address="10.1.0.5", port=8080, open=2, total=60),
        BackendStatus(address="10.1.0.6", port=8080, open=1, total=58, failures=4),
        BackendStatus(address="10.1.0.7", port=8080),
    )


def test_the_traffic_of_a_service_is_the_sum_over_its_listeners() -> None:
    status = service_status(VIEWS[1])
    assert status.traffic == Traffic(open=4, total=125, failed=2, bytes_in=52_100, bytes_out=3_400_200)


def test_without_an_agent_nothing_is_counted_and_it_shows() -> None:
    status = build_status(FACTS, services=VIEWS, bound={}, welcome=None, counters=None)
    assert status.agent == AgentInfo(connected=False)
    assert {portal.state for portal in status.services[1].portals} == {PortalState.PENDING}
    assert status.services[1].traffic == Traffic()


def test_an_agent_that_has_not_told_its_counters_yet_is_connected() -> None:
    status = build_status(FACTS, services=VIEWS, bound=BOUND, welcome=WELCOME)
    assert status.agent == AgentInfo(connected=True, pid=4711, listeners=2)


def test_the_agent_tells_its_limits() -> None:
    assert example_status().agent == AgentInfo(
        connected=True,
        pid=4711,
        workers=2,
        listeners=2,
        draining=1,
        descriptors_used=24,
        descriptors_limit=65536,
        descriptors_exhausted=1,
        upstream_ports_exhausted=3,
    )


def test_the_facts_are_taken_over() -> None:
    status = example_status()
    assert (status.node, status.synced, status.last_sync) == ("node-a", True, FACTS.last_sync)
    assert (status.kernel, status.sync, status.warnings) == (FACTS.kernel, FACTS.sync, FACTS.warnings)


def test_the_json_is_camel_case_with_rfc_3339_times() -> None:
    status = msgspec.json.decode(msgspec.json.encode(example_status()))
    assert status["started"] == "2026-03-01T12:00:00Z"
    assert status["lastSync"] == "2026-03-01T12:30:05.250000Z"
    assert status["sourceProblems"] == list(FACTS.source_problems)
    assert status["agent"]["descriptorsLimit"] == 65536
    assert status["services"][1]["portals"][1]["nodePort"] == 30061
    assert status["services"][1]["backends"][0]["traffic"]["bytesIn"] == 52_000


def test_the_json_is_read_back_as_the_same_status() -> None:
    status = replace(example_status(), last_sync=None)
    assert msgspec.json.decode(msgspec.json.encode(status), type=NodeStatus) == status


traffic = st.builds(Traffic, *[], **{name: st.integers(0, 1 << 62) for name in Traffic.__struct_fields__})


@given(st.lists(traffic))
def test_total_traffic_adds_up_every_count(each: list[Traffic]) -> None:
    total = total_traffic(each)
    for position, name in enumerate(Traffic.__struct_fields__):
        assert getattr(total, name) == sum(astuple(one)[position] for one in each)
