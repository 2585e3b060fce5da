"""Kubernetes objects as slim frozen structs: only the fields that a Service proxy reads.

Unknown fields are skipped while decoding, so that newer API servers do no harm. Field names in Python
are snake_case; `rename` and `field(name=…)` carry the API's spelling.
"""

from msgspec import Struct, field

from kube_portals.api.portals import ServiceKey

SERVICE_NAME_LABEL = "kubernetes.io/service-name"
"""Set on an EndpointSlice: the Service it belongs to (KEP-752)."""

PROXY_NAME_LABEL = "service.kubernetes.io/service-proxy-name"
"""Set on a Service: another proxy than the default one serves it (KEP-2447)."""

HEADLESS_LABEL = "service.kubernetes.io/headless"
"""Set on Services and slices of headless Services: no proxy serves them (KEP-2447)."""


class _Object(Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Metadata(_Object, frozen=True):
    """The part of ObjectMeta that a Service proxy reads."""

    name: str
    namespace: str = "default"
    uid: str = ""
    resource_version: str = ""
    creation_timestamp: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)


class Port(_Object, frozen=True):
    """One entry of `Service.spec.ports`."""

    port: int
    name: str = ""
    protocol: str = "TCP"
    target_port: int | str | None = None
    node_port: int | None = None


class ServiceSpec(_Object, frozen=True):
    """`Service.spec`."""

    type: str = "ClusterIP"
    cluster_ip: str = field(default="", name="clusterIP")
    cluster_ips: tuple[str, ...] = field(default=(), name="clusterIPs")
    ip_families: tuple[str, ...] = ()
    ip_family_policy: str | None = None
    ports: tuple[Port, ...] = ()
    selector: dict[str, str] | None = None
    session_affinity: str = "None"
    internal_traffic_policy: str = "Cluster"
    external_traffic_policy: str = "Cluster"


class Service(_Object, frozen=True):
    """A Service, v1."""

    metadata: Metadata
    spec: ServiceSpec = field(default_factory=ServiceSpec)

    @property
    def key(self) -> ServiceKey:
        """Its namespace and name."""
        return ServiceKey(self.metadata.namespace, self.metadata.name)


class Conditions(_Object, frozen=True):
    """The conditions of one endpoint; None is what the API leaves open."""

    ready: bool | None = None
    serving: bool | None = None
    terminating: bool | None = None


class Endpoint(_Object, frozen=True):
    """One entry of `EndpointSlice.endpoints`."""

    addresses: tuple[str, ...]
    conditions: Conditions = field(default_factory=Conditions)
    node_name: str | None = None
    zone: str | None = None


class EndpointPort(_Object, frozen=True):
    """One entry of `EndpointSlice.ports`; its name equals the name of the Service's port."""

    port: int | None = None
    name: str | None = None
    protocol: str | None = None


class EndpointSlice(_Object, frozen=True):
    """An EndpointSlice, discovery.k8s.io/v1; `ports` and `endpoints` may be null in JSON."""

    metadata: Metadata
    address_type: str
    endpoints: tuple[Endpoint, ...] | None = None
    ports: tuple[EndpointPort, ...] | None = None

    @property
    def key(self) -> ServiceKey:
        """Its own namespace and name (not its Service's)."""
        return ServiceKey(self.metadata.namespace, self.metadata.name)

    @property
    def service(self) -> ServiceKey | None:
        """The Service that it belongs to, or None where the label is missing."""
        name = self.metadata.labels.get(SERVICE_NAME_LABEL)
        return ServiceKey(self.metadata.namespace, name) if name else None


class NodeAddress(_Object, frozen=True):
    """One entry of `Node.status.addresses`."""

    type: str
    address: str


class NodeSpec(_Object, frozen=True):
    """`Node.spec`."""

    pod_cidrs: tuple[str, ...] = field(default=(), name="podCIDRs")


class NodeStatus(_Object, frozen=True):
    """`Node.status`."""

    addresses: tuple[NodeAddress, ...] = ()


class Node(_Object, frozen=True):
    """A Node, v1."""

    metadata: Metadata
    spec: NodeSpec = field(default_factory=NodeSpec)
    status: NodeStatus = field(default_factory=NodeStatus)
