"""The ports of a Service that can be served, and a problem for each one that cannot."""

from msgspec import Struct

from kube_portals.api.objects import Port, Service
from kube_portals.api.portals import Protocol, ServicePort
from kube_portals.plan.model import Problem, Reason

_RELAYED = frozenset({Protocol.TCP, Protocol.UDP})
_TYPES_WITH_NODE_PORTS = frozenset({"NodePort", "LoadBalancer"})


class ServedPort(Struct, frozen=True):
    """One port of a Service: the number at its clusterIPs and its nodePort (0: it has none)."""

    service_port: ServicePort
    number: int
    node_port: int = 0


def served_ports(service: Service) -> tuple[tuple[ServedPort, ...], tuple[Problem, ...]]:
    """The ports of a Service in its order; a wrong port is a problem and does no harm to the others."""
    served: list[ServedPort] = []
    problems: list[Problem] = []
    for port in service.spec.ports:
        problem = _flaw(service, port) or _repetition(service, port, served)
        if problem:
            problems.append(problem)
            continue
        node_port, node_port_problem = _node_port(service, port, served)
        if node_port_problem:
            problems.append(node_port_problem)
        served.append(
            ServedPort(
                service_port=ServicePort(service.key, port.name, Protocol(port.protocol)),
                number=port.port,
                node_port=node_port,
            )
        )
    return tuple(served), tuple(problems)


def _flaw(service: Service, port: Port) -> Problem | None:
    if port.protocol not in _RELAYED:
        message = f"{_name(port)} has protocol {port.protocol!r}; only TCP and UDP are relayed"
        return Problem(service.key, Reason.UNSUPPORTED_PROTOCOL, message)
    if not _is_port(port.port):
        return _invalid(service, f"{_name(port)} is no port; expected 1 to 65535")
    return None


def _repetition(service: Service, port: Port, served: list[ServedPort]) -> Problem | None:
    for other in served:
        if other.service_port.protocol != port.protocol:
            continue
        if other.number == port.port:
            return _invalid(service, f"port {port.port}/{port.protocol} is listed twice; remove one of them")
        if other.service_port.port_name == port.name:
            which = f"the name {port.name!r}" if port.name else "no name"
            message = f"ports {other.number} and {port.port} ({port.protocol}) have {which}; "
            return _invalid(service, message + "give each port a name of its own")
    return None


def _node_port(service: Service, port: Port, served: list[ServedPort]) -> tuple[int, Problem | None]:
    if service.spec.type not in _TYPES_WITH_NODE_PORTS:
        return 0, None
    node_port = port.node_port or 0
    if not node_port:
        # A LoadBalancer with allocateLoadBalancerNodePorts=false rightly has none.
        wanted = service.spec.type == "NodePort"
        message = f"{_name(port)} has no nodePort; set spec.ports[].nodePort (an API server assigns one)"
        return 0, _invalid(service, message) if wanted else None
    if not _is_port(node_port):
        return 0, _invalid(service, f"{_name(port)} has nodePort {node_port}; expected 1 to 65535")
    for other in served:
        if other.node_port == node_port and other.service_port.protocol == port.protocol:
            message = (
                f"nodePort {node_port}/{port.protocol} is listed twice; choose another for {_name(port)}"
            )
            return 0, _invalid(service, message)
    return node_port, None


def _invalid(service: Service, message: str) -> Problem:
    return Problem(service.key, Reason.INVALID_SERVICE, message)


def _is_port(number: int) -> bool:
    return 1 <= number <= 65535


def _name(port: Port) -> str:
    return f"port {port.name} ({port.port})" if port.name else f"port {port.port}"
