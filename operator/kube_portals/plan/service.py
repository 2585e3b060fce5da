"""One Service and its slices → everything that this node does for it."""

from collections.abc import Callable, Container, Sequence

from msgspec import Struct

from kube_portals.api.objects import HEADLESS_LABEL, PROXY_NAME_LABEL, EndpointSlice, Service
from kube_portals.api.portals import BackendSet, Family, ListenerKey, Portal
from kube_portals.plan.addresses import Address, read_address
from kube_portals.plan.endpoints import usable_backends
from kube_portals.plan.model import (
    ClusterAddress,
    Listener,
    PlannedPortal,
    Problem,
    Reason,
    Refusal,
    ServicePlan,
)
from kube_portals.plan.ports import ServedPort, served_ports


class NodeView(Struct, frozen=True, kw_only=True):
    """What planning has to know of this node and of the other Services.

    `families` are those that the node serves. `portal_addresses` are where proxy ports listen,
    `cluster_addresses` the clusterIPs of all Services as far as they are known: neither can be a backend.
    Addresses are in the spelling of `read_address`.
    """

    name: str
    families: frozenset[Family]
    portal_addresses: frozenset[str]
    cluster_addresses: Container[str] = frozenset()


def plan_service(service: Service, slices: Sequence[EndpointSlice], node: NodeView) -> ServicePlan:
    """The portals of a Service, the listeners that they lead to, and what is wrong with it.

    Wrong parts of the Service become problems; the others work. The order of `slices` does not matter.
    """
    if not is_proxied(service):
        return ServicePlan(service=service.key)
    addresses, address_problems = _cluster_addresses(service, node)
    families, family_problems = _node_port_families(service, node)
    ports, port_problems = served_ports(service)
    problems = {*address_problems, *family_problems, *port_problems}
    whose = _owner_of({address.address for address in addresses}, node)
    portals: list[PlannedPortal] = []
    listeners: list[Listener] = []
    for port in ports:
        for family in Family:
            wanted = _portals(port, family, addresses, families)
            if not wanted:
                continue
            # Traffic policy Local is decided here: the backend set of each portal, a listener for each
            # set that is needed, and Refusal.DROP where the Local one is empty.
            key = ListenerKey(port.service_port, family, BackendSet.CLUSTER)
            endpoints = usable_backends(port.service_port, family, slices, whose=whose)
            problems.update(endpoints.problems)
            if endpoints.backends:
                listeners.append(Listener(key, endpoints.backends))
            target = key if endpoints.backends else Refusal.REJECT
            portals += [PlannedPortal(portal, port.service_port, target) for portal in wanted]
    return ServicePlan(
        service=service.key,
        cluster_addresses=addresses,
        portals=tuple(portals),
        listeners=tuple(listeners),
        problems=tuple(sorted(problems)),
    )


def is_proxied(service: Service) -> bool:
    """Whether a Service is one for the default proxy: not ExternalName, not headless, not another proxy's.

    A label counts whatever its value (KEP-2447).
    """
    labels = service.metadata.labels
    return (
        service.spec.type != "ExternalName"
        and "None" not in _cluster_ips(service)
        and PROXY_NAME_LABEL not in labels
        and HEADLESS_LABEL not in labels
    )


def _cluster_ips(service: Service) -> tuple[str, ...]:
    spec = service.spec
    return spec.cluster_ips or ((spec.cluster_ip,) if spec.cluster_ip else ())


def _cluster_addresses(
    service: Service, node: NodeView
) -> tuple[tuple[ClusterAddress, ...], tuple[Problem, ...]]:
    """The clusterIPs in the families of this node, each once."""
    found: set[ClusterAddress] = set()
    problems: list[Problem] = []
    for text in _cluster_ips(service):
        address = read_address(text)
        flaw = _cluster_ip_flaw(address, node)
        if flaw:
            message = f"clusterIP {text!r} is {flaw}; choose an address out of the Service CIDR"
            problems.append(Problem(service.key, Reason.INVALID_SERVICE, message))
        elif address and address.family in node.families:
            found.add(ClusterAddress(address.family, address.text))
    return tuple(sorted(found)), tuple(problems)


def _cluster_ip_flaw(address: Address | None, node: NodeView) -> str:
    if address is None:
        return "no IP address"
    if address.text in node.portal_addresses:
        return "a portal address of this node"
    return address.flaw


def _node_port_families(service: Service, node: NodeView) -> tuple[frozenset[Family], tuple[Problem, ...]]:
    """The families of a Service's nodePorts on this node: those of its clusterIPs, else its ipFamilies."""
    texts = _cluster_ips(service)
    if texts:
        asked = {address.family for address in map(read_address, texts) if address}
    else:
        asked = {family for family in Family if family in service.spec.ip_families}
    if not texts and (not asked or service.spec.type == "ClusterIP"):
        message = "has no clusterIP (an API server assigns it); set spec.clusterIP"
        message += "" if service.spec.type == "ClusterIP" else ", or spec.ipFamilies for its nodePorts alone"
        return frozenset(), (Problem(service.key, Reason.INVALID_SERVICE, message),)
    served = frozenset(asked & node.families)
    if asked and not served:
        message = f"is for {_words(asked)} only, but node {node.name} serves {_words(node.families)}"
        message += "; add a family to spec.ipFamilies, or a portal address of that family to the node"
        return served, (Problem(service.key, Reason.NODE_ERROR, message),)
    return served, ()


def _words(families: set[Family] | frozenset[Family]) -> str:
    return " and ".join(sorted(families)) or "no family"


def _portals(
    port: ServedPort,
    family: Family,
    addresses: tuple[ClusterAddress, ...],
    node_port_families: frozenset[Family],
) -> list[Portal]:
    protocol = port.service_port.protocol
    portals = [
        Portal(family, protocol, port.number, address.address)
        for address in addresses
        if address.family is family
    ]
    if port.node_port and family in node_port_families:
        portals.append(Portal(family, protocol, port.node_port))
    return portals


def _owner_of(own: set[str], node: NodeView) -> Callable[[str], str]:
    """Tells of an address whether it is a portal's: a connection to it would come back to the relay."""

    def whose(address: str) -> str:
        if address in node.portal_addresses:
            return "a portal address of this node"
        if address in own or address in node.cluster_addresses:
            return "a clusterIP"
        return ""

    return whose
