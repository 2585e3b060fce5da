"""The status of a node, as the operator tells it to users: as JSON in camelCase, as a table, as metrics."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from msgspec import Struct, structs

from kube_portals.api.portals import BackendSet, Family, Protocol
from kube_portals.plan.model import Reason


class _Status(Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class PortalState(StrEnum):
    """What happens to a new connection to a portal."""

    PROXIED = "proxied"
    REJECTED = "rejected"
    """No usable backend."""

    DROPPED = "dropped"
    """Traffic policy Local, and no backend on this node."""

    PENDING = "pending"
    """Planned, but listener or rules are not acknowledged yet."""

    CONFLICT = "conflict"
    """An older Service owns it."""


class PortalStatus(_Status, frozen=True):
    """One portal. `port` is the number that clients use; it is `node_port` as well where the portal is one.

    `address` is empty at a nodePort, `node_port` 0 at a clusterIP; the proxy port is 0 where there is none.
    `service_port` is spelled namespace/name:portName.
    """

    portal: str
    address: str
    port: int
    node_port: int
    protocol: Protocol
    family: Family
    service_port: str
    state: PortalState
    proxy_address: str = ""
    proxy_port: int = 0


class Traffic(_Status, frozen=True):
    """Connections from clients (UDP: sessions), and bytes: in is from clients, out is to clients.

    Counted since the listener was opened; `failed` found no backend that answered.
    """

    open: int = 0
    total: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0


class BackendStatus(_Status, frozen=True):
    """One backend: its open and all connections, and the attempts to connect that failed."""

    address: str
    port: int
    open: int = 0
    total: int = 0
    failures: int = 0


class PortBackends(_Status, frozen=True):
    """What is behind one proxy port: a Service port in one family with one backend set."""

    service_port: str
    port_name: str
    protocol: Protocol
    family: Family
    backend_set: BackendSet
    traffic: Traffic
    backends: tuple[BackendStatus, ...]


class ProblemStatus(_Status, frozen=True):
    """Something wrong with a Service, for its owner."""

    reason: Reason
    message: str


class ServiceStatus(_Status, frozen=True):
    """One Service on this node; `traffic` is the sum over its Service ports."""

    namespace: str
    name: str
    type: str
    portals: tuple[PortalStatus, ...] = ()
    backends: tuple[PortBackends, ...] = ()
    traffic: Traffic = Traffic()
    problems: tuple[ProblemStatus, ...] = ()


class AgentInfo(_Status, frozen=True):
    """The agent; `draining` are connections of listeners that have ended, the rest is as of this moment."""

    connected: bool = False
    pid: int = 0
    workers: int = 0
    listeners: int = 0
    draining: int = 0
    descriptors_used: int = 0
    descriptors_limit: int = 0
    descriptors_exhausted: int = 0
    upstream_ports_exhausted: int = 0


class KernelInfo(_Status, frozen=True):
    """The generation of the kernel's ruleset, and how many elements our maps and sets have."""

    generation: int = 0
    elements: int = 0


class ConntrackInfo(_Status, frozen=True):
    """Entries of the kernel's connection tracking: all of the host's, and the limit."""

    used: int = 0
    max: int = 0


class SyncInfo(_Status, frozen=True):
    """What the sync loop has done since the operator started; times in seconds."""

    syncs: int = 0
    failures: int = 0
    total_seconds: float = 0.0
    last_seconds: float = 0.0
    transactions: int = 0
    services_planned: int = 0
    endpoint_changes: int = 0


class NodeFacts(_Status, frozen=True):
    """What the operator knows of its node and itself; texts are for users, one line each.

    `problems` are the node's own, `source_problems` those of the manifests or the API, `warnings` are what
    may harm (a foreign firewall, an address that is taken).
    """

    node: str
    instance: str
    version: str
    started: datetime
    synced: bool = False
    last_sync: datetime | None = None
    kernel: KernelInfo = KernelInfo()
    conntrack: ConntrackInfo = ConntrackInfo()
    sync: SyncInfo = SyncInfo()
    problems: tuple[str, ...] = ()
    source_problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class NodeStatus(NodeFacts, frozen=True):
    """The whole status of a node."""

    agent: AgentInfo = AgentInfo()
    services: tuple[ServiceStatus, ...] = ()


def total_traffic(each: Iterable[Traffic]) -> Traffic:
    """The sum of some traffic."""
    sums = [sum(column) for column in zip(*map(structs.astuple, each), strict=True)]
    return Traffic(**dict(zip(Traffic.__struct_fields__, sums, strict=True))) if sums else Traffic()
