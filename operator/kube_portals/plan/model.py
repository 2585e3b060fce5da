"""What planning a Service yields: its portals, the listeners behind them, and what is wrong with it."""

from enum import StrEnum

from msgspec import Struct

from kube_portals.api.portals import Backend, Family, ListenerKey, Portal, ServiceKey, ServicePort


class Refusal(StrEnum):
    """Why and how new connections to a portal are turned away."""

    REJECT = "reject"
    """No usable backend: TCP reset, ICMP port unreachable."""

    DROP = "drop"
    """Traffic policy Local without a backend on this node: silence, as the API prescribes."""


class Reason(StrEnum):
    """Reasons of problems, in the words of the Service's condition `kube-portals.io/Programmed`."""

    PORTAL_CONFLICT = "PortalConflict"
    UNSUPPORTED_PROTOCOL = "UnsupportedProtocol"
    BACKEND_REFUSED = "BackendRefused"
    INVALID_SERVICE = "InvalidService"
    NODE_ERROR = "NodeError"


class Problem(Struct, frozen=True, order=True):
    """Something that is wrong with one Service, in one sentence that its owner can act on."""

    service: ServiceKey
    reason: Reason
    message: str

    def __str__(self) -> str:
        return f"Service {self.service}: {self.reason}: {self.message}"


class Listener(Struct, frozen=True):
    """What the agent has to listen for, and the backends behind it (never empty)."""

    key: ListenerKey
    backends: tuple[Backend, ...]


class PlannedPortal(Struct, frozen=True):
    """One portal and where it leads: to a listener, or nowhere, politely or silently."""

    portal: Portal
    service_port: ServicePort
    target: ListenerKey | Refusal


class ClusterAddress(Struct, frozen=True, order=True):
    """A clusterIP: it belongs to one Service as a whole, unknown ports on it are rejected."""

    family: Family
    address: str


class ServicePlan(Struct, frozen=True):
    """Everything that this node does for one Service."""

    service: ServiceKey
    cluster_addresses: tuple[ClusterAddress, ...] = ()
    portals: tuple[PlannedPortal, ...] = ()
    listeners: tuple[Listener, ...] = ()
    problems: tuple[Problem, ...] = ()
