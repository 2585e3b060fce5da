"""Small Services, slices and nodes for the tests of planning."""

from collections.abc import Sequence

from kube_portals.api.objects import (
    Conditions,
    Endpoint,
    EndpointPort,
    EndpointSlice,
    Metadata,
    Port,
    Service,
    ServiceSpec,
)
from kube_portals.api.portals import Backend, Family, ListenerKey, Portal, Protocol, ServiceKey, ServicePort
from kube_portals.plan.model import ClusterAddress, Listener, PlannedPortal, Refusal, ServicePlan
from kube_portals.plan.service import NodeView

READY = Conditions(ready=True, serving=True, terminating=False)
NOT_READY = Conditions(ready=False, serving=False, terminating=False)
LEAVING = Conditions(ready=False, serving=True, terminating=True)
LEFT = Conditions(ready=False, serving=False, terminating=True)

NODE = NodeView(
    name="node-a",
    families=frozenset(Family),
    portal_addresses=frozenset({"169.254.64.1", "fd64:706f:7274::1"}),
)

APP = ServiceKey("default", "app")


def service(
    *ports: Port,
    ips: Sequence[str] = ("10.96.0.10",),
    type_: str = "ClusterIP",
    name: str = "app",
    labels: dict[str, str] | None = None,
    families: Sequence[str] = (),
) -> Service:
    return Service(
        metadata=Metadata(name=name, labels=labels or {}),
        spec=ServiceSpec(
            type=type_,
            cluster_ips=tuple(ips),
            ip_families=tuple(families),
            ports=ports or (Port(port=80),),
        ),
    )


def endpoint(address: str, conditions: Conditions = READY) -> Endpoint:
    return Endpoint(addresses=(address,), conditions=conditions)


def endpoint_slice(
    *endpoints: Endpoint,
    ports: Sequence[EndpointPort] = (EndpointPort(port=8080),),
    family: str = "IPv4",
    name: str = "app-abc",
) -> EndpointSlice:
    return EndpointSlice(
        metadata=Metadata(name=name, labels={"kubernetes.io/service-name": "app"}),
        address_type=family,
        endpoints=endpoints,
        ports=tuple(ports),
    )


def plan(
    name: str,
    *,
    addresses: Sequence[str] = (),
    node_ports: Sequence[int] = (),
    backends: Sequence[Backend] = (Backend("10.1.0.5", 8080),),
) -> ServicePlan:
    """A plan with one Service port, TCP 80, at IPv4 addresses and nodePorts."""
    key = ServiceKey("default", name)
    port = ServicePort(key, "", Protocol.TCP)
    listener = ListenerKey(port, Family.IPV4)
    portals = [Portal(Family.IPV4, Protocol.TCP, 80, address) for address in addresses]
    portals += [Portal(Family.IPV4, Protocol.TCP, node_port) for node_port in node_ports]
    target = listener if backends else Refusal.REJECT
    return ServicePlan(
        service=key,
        cluster_addresses=tuple(ClusterAddress(Family.IPV4, address) for address in addresses),
        portals=tuple(PlannedPortal(portal, port, target) for portal in portals),
        listeners=(Listener(listener, tuple(backends)),) if portals and backends else (),
    )
