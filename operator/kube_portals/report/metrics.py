"""The node's status as Prometheus metrics. Nothing is counted here: numbers are taken over at scrape time."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, SummaryMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from kube_portals.report.status import NodeStatus, PortalState

_PORT_LABELS: Final = ("namespace", "service", "port", "protocol", "ip_family", "backend_set")
_PORT_METRICS: Final = (
    (GaugeMetricFamily, "connections_open", "open", "Open connections from clients (UDP: sessions)."),
    (CounterMetricFamily, "connections", "total", "Connections from clients (UDP: sessions)."),
    (CounterMetricFamily, "connections_failed", "failed", "Connections that no backend answered."),
    (CounterMetricFamily, "bytes_in", "bytes_in", "Bytes from clients."),
    (CounterMetricFamily, "bytes_out", "bytes_out", "Bytes to clients."),
)


def exposition(status: NodeStatus, accept: str = "") -> tuple[bytes, str]:
    """The metrics in the format that a scraper's Accept header asks for, and the content type of it."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(StatusCollector(status))
    encode, content_type = choose_encoder(accept)
    return encode(registry), content_type


class StatusCollector(Collector):
    """One status as metrics; every name starts with `kube_portals_`."""

    def __init__(self, status: NodeStatus) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        """All metrics, each once."""
        yield from self._of_service_ports()
        yield from self._of_services()
        yield from self._of_the_sync()
        yield from self._of_the_agent()
        yield from self._of_the_node()

    def _of_service_ports(self) -> Iterator[Metric]:
        for kind, name, field, help_text in _PORT_METRICS:
            metric = kind(f"kube_portals_{name}", help_text, labels=_PORT_LABELS)
            for service in self._status.services:
                for each in service.backends:
                    port = (each.port_name, each.protocol, each.family, each.backend_set)
                    labels = (service.namespace, service.name, *port)
                    metric.add_metric(labels, getattr(each.traffic, field))
            yield metric

    def _of_services(self) -> Iterator[Metric]:
        services = self._status.services
        states = Counter(portal.state for service in services for portal in service.portals)
        portals = GaugeMetricFamily("kube_portals_portals", "Portals by state.", labels=["state"])
        for state in PortalState:
            portals.add_metric([state], states[state])
        yield portals
        reasons = Counter(problem.reason for service in services for problem in service.problems)
        problems = GaugeMetricFamily(
            "kube_portals_service_problems", "Problems of Services by reason.", labels=["reason"]
        )
        for reason, count in sorted(reasons.items()):
            problems.add_metric([reason], count)
        yield problems
        yield _gauge("services", "Services that are known.", len(services))

    def _of_the_sync(self) -> Iterator[Metric]:
        sync, last_sync = self._status.sync, self._status.last_sync
        yield SummaryMetricFamily(
            "kube_portals_sync_duration_seconds",
            "Time that syncs took.",
            count_value=sync.syncs,
            sum_value=sync.total_seconds,
        )
        yield _counter("sync_failures", "Syncs that failed and were tried again.", sync.failures)
        yield _counter("transactions", "Transactions of the kernel's ruleset.", sync.transactions)
        yield _counter("services_planned", "Services that were planned (again).", sync.services_planned)
        yield _counter("endpoint_changes", "Changes of EndpointSlices.", sync.endpoint_changes)
        yield _gauge("synced", "1 if everything known is carried out.", int(self._status.synced))
        if last_sync:
            help_text = "When the last sync ended."
            yield _gauge("last_sync_timestamp_seconds", help_text, last_sync.timestamp())

    def _of_the_agent(self) -> Iterator[Metric]:
        agent = self._status.agent
        yield _gauge("agent_connected", "1 if the agent answers.", int(agent.connected))
        yield _gauge("agent_workers", "Relay workers of the agent.", agent.workers)
        yield _gauge("listeners", "Proxy ports that are bound.", agent.listeners)
        yield _gauge("connections_draining", "Connections whose listener has ended.", agent.draining)
        yield _gauge("descriptors_used", "File descriptors in use by the agent.", agent.descriptors_used)
        yield _gauge("descriptors_limit", "File descriptors it may have.", agent.descriptors_limit)
        help_text = "Times that the agent had no file descriptor left."
        yield _counter("descriptors_exhausted", help_text, agent.descriptors_exhausted)
        help_text = "Times that the agent had no source port left."
        yield _counter("upstream_ports_exhausted", help_text, agent.upstream_ports_exhausted)

    def _of_the_node(self) -> Iterator[Metric]:
        status = self._status
        yield _gauge("elements", "Elements of our nftables maps and sets.", status.kernel.elements)
        yield _gauge("conntrack_entries", "Entries of the host's connection tracking.", status.conntrack.used)
        yield _gauge("conntrack_entries_limit", "Its limit.", status.conntrack.max)
        yield _gauge("node_problems", "Problems of the node itself.", len(status.problems))
        yield _gauge("source_problems", "Objects that could not be read.", len(status.source_problems))
        build = GaugeMetricFamily("kube_portals_build_info", "Always 1.", labels=["version"])
        build.add_metric([status.version], 1)
        yield build
        yield _gauge("start_time_seconds", "When the operator started.", status.started.timestamp())


def _gauge(name: str, help_text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"kube_portals_{name}", help_text, value=value)


def _counter(name: str, help_text: str, value: float) -> Metric:
    return CounterMetricFamily(f"kube_portals_{name}", help_text, value=value)
