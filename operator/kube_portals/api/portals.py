"""The words of the project as types: Service port, portal, backend set, backend.

Every layer, every message and every table uses these names in these meanings (ARCHITECTURE.md).
"""

from enum import StrEnum

from msgspec import Struct


class Protocol(StrEnum):
    """The transport protocols that Kubernetes knows; only TCP and UDP are relayed."""

    TCP = "TCP"
    UDP = "UDP"
    SCTP = "SCTP"


class Family(StrEnum):
    """An IP family, spelled as in `Service.spec.ipFamilies` and `EndpointSlice.addressType`."""

    IPV4 = "IPv4"
    IPV6 = "IPv6"

    @classmethod
    def of(cls, address: str) -> "Family":
        """The family of an address or CIDR in text form."""
        return cls.IPV6 if ":" in address else cls.IPV4


class BackendSet(StrEnum):
    """Which backends a listener uses: all usable ones, or only those on this node."""

    CLUSTER = "Cluster"
    LOCAL = "Local"


class ServiceKey(Struct, frozen=True, order=True):
    """The name of a Service."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class ServicePort(Struct, frozen=True, order=True):
    """One port of one Service; `port_name` is empty where the Service's only port has no name."""

    service: ServiceKey
    port_name: str
    protocol: Protocol

    def __str__(self) -> str:
        return f"{self.service}:{self.port_name}" if self.port_name else str(self.service)


class ListenerKey(Struct, frozen=True, order=True):
    """What one proxy port serves: a Service port in one IP family with one backend set."""

    service_port: ServicePort
    family: Family
    backend_set: BackendSet = BackendSet.CLUSTER

    def __str__(self) -> str:
        return f"{self.service_port} ({self.service_port.protocol}, {self.family}, {self.backend_set})"


class Backend(Struct, frozen=True, order=True):
    """One pod address with its targetPort, out of the EndpointSlices."""

    address: str
    port: int

    def __str__(self) -> str:
        return join_host_port(self.address, self.port)


class Portal(Struct, frozen=True, order=True):
    """An address that clients use.

    `address` is a clusterIP with `port`; or it is empty, which stands for the node's own addresses,
    and `port` is then the nodePort.
    """

    family: Family
    protocol: Protocol
    port: int
    address: str = ""

    @property
    def is_node_port(self) -> bool:
        """Whether the portal is on the node's own addresses."""
        return not self.address

    def __str__(self) -> str:
        where = f"nodePort {self.port}" if self.is_node_port else join_host_port(self.address, self.port)
        return f"{where}/{self.protocol}"


def join_host_port(address: str, port: int) -> str:
    """`address:port`, with the brackets that an IPv6 address needs."""
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"
