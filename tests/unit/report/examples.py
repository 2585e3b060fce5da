"""A small node's status for the tests of reporting."""

from datetime import UTC, datetime

from kube_portals.api.portals import Backend, Family, ListenerKey, Portal, Protocol, ServiceKey, ServicePort
from kube_portals.link.messages import AgentStatus, BackendCounters, ListenerCounters, Welcome
from kube_portals.plan.model import (
    ClusterAddress,
    Listener,
    PlannedPortal,
    Problem,
    Reason,
    Refusal,
    ServicePlan,
)
from kube_portals.report.build import ServiceView, build_status
from kube_portals.report.status import ConntrackInfo, KernelInfo, NodeFacts, NodeStatus, SyncInfo

STARTED = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)
LAST_SYNC = datetime(2026, 3, 1, 12, 30, 5, 250000, tzinfo=UTC)

WEB = ServicePort(ServiceKey("default", "web"), "http", Protocol.TCP)
WEB_V4, WEB_V6 = ListenerKey(WEB, Family.IPV4), ListenerKey(WEB, Family.IPV6)
DNS = ServicePort(ServiceKey("kube-system", "dns"), "", Protocol.UDP)
NEW = ServicePort(ServiceKey("default", "new"), "", Protocol.TCP)
NEW_V4 = ListenerKey(NEW, Family.IPV4)

WEB_PLAN = ServicePlan(
    service=WEB.service,
    cluster_addresses=(
        ClusterAddress(Family.IPV4, "10.96.0.10"),
        ClusterAddress(Family.IPV6, "fd00:96::10"),
    ),
    portals=(
        PlannedPortal(Portal(Family.IPV4, Protocol.TCP, 80, "10.96.0.10"), WEB, WEB_V4),
        PlannedPortal(Portal(Family.IPV4, Protocol.TCP, 30061), WEB, WEB_V4),
        PlannedPortal(Portal(Family.IPV6, Protocol.TCP, 80, "fd00:96::10"), WEB, WEB_V6),
    ),
    listeners=(
        Listener(
            WEB_V4,
            (Backend("10.1.0.5", 8080), Backend("10.1.0.6", 8080), Backend("10.1.0.7", 8080)),
        ),
        Listener(WEB_V6, (Backend("fd00:10:1:0::5", 8080),)),
    ),
)
DNS_PLAN = ServicePlan(
    service=DNS.service,
    cluster_addresses=(ClusterAddress(Family.IPV4, "10.96.0.53"),),
    portals=(PlannedPortal(Portal(Family.IPV4, Protocol.UDP, 53, "10.96.0.53"), DNS, Refusal.REJECT),),
)
NEW_WANTED = ServicePlan(
    service=NEW.service,
    portals=(
        PlannedPortal(Portal(Family.IPV4, Protocol.TCP, 80, "10.96.0.11"), NEW, NEW_V4),
        PlannedPortal(Portal(Family.IPV4, Protocol.TCP, 30061), NEW, NEW_V4),
    ),
    listeners=(Listener(NEW_V4, (Backend("10.1.0.8", 8080),)),),
)
NEW_SETTLED = ServicePlan(
    service=NEW.service,
    portals=NEW_WANTED.portals[:1],
    listeners=NEW_WANTED.listeners,
    problems=(
        Problem(
            NEW.service,
            Reason.PORTAL_CONFLICT,
            "nodePort 30061/TCP belongs to Service default/web, which is older; choose another nodePort",
        ),
    ),
)

VIEWS = (
    ServiceView(type="ClusterIP", settled=DNS_PLAN),
    ServiceView(type="NodePort", settled=WEB_PLAN, wanted=WEB_PLAN),
    ServiceView(type="NodePort", settled=NEW_SETTLED, wanted=NEW_WANTED),
)
BOUND = {WEB_V4: ("169.254.64.1", 10241), WEB_V6: ("fd64:706f:7274::1", 19876)}
WELCOME = Welcome(instance="agent-1", version="0.1.0", pid=4711)
COUNTERS = AgentStatus(
    number=7,
    workers=2,
    draining=1,
    descriptors_used=24,
    descriptors_limit=65536,
    upstream_ports_exhausted=3,
    descriptors_exhausted=1,
    listeners=(
        ListenerCounters(
            key=WEB_V4,
            open=3,
            total=120,
            failed=2,
            bytes_in=52_000,
            bytes_out=3_400_000,
            backends=(
                BackendCounters(backend=Backend("10.1.0.5", 8080), open=2, total=60),
                BackendCounters(backend=Backend("10.1.0.6", 8080), open=1, total=58, failures=4),
                BackendCounters(backend=Backend("10.1.0.9", 8080), open=5, total=70),
            ),
        ),
        ListenerCounters(key=WEB_V6, open=1, total=5, bytes_in=100, bytes_out=200),
    ),
)
FACTS = NodeFacts(
    node="node-a",
    instance="operator-1",
    version="0.1.0",
    started=STARTED,
    synced=True,
    last_sync=LAST_SYNC,
    kernel=KernelInfo(generation=17, elements=6),
    conntrack=ConntrackInfo(used=120, max=262144),
    sync=SyncInfo(
        syncs=4, failures=1, total_seconds=0.5, last_seconds=0.1, transactions=3, services_planned=9
    ),
    problems=("the portal address fd64:706f:7274::1 is a second address of eth0; remove it there",),
    source_problems=("web.yaml:12: spec.ports[0].port is 'http'; expected a number",),
    warnings=("table inet firewall drops packets at input; accept those for 169.254.64.1",),
)


def example_status() -> NodeStatus:
    return build_status(FACTS, services=VIEWS, bound=BOUND, welcome=WELCOME, counters=COUNTERS)
