"""The status as Prometheus metrics."""

import pytest
from msgspec.structs import replace
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from kube_portals.report.metrics import StatusCollector, exposition
from kube_portals.report.status import NodeStatus, SyncInfo
from unit.report.examples import LAST_SYNC, example_status

WEB = {
    "namespace": "default",
    "service": "web",
    "port": "http",
    "protocol": "TCP",
    "ip_family": "IPv4",
    "backend_set": "Cluster",
}


def samples(status: NodeStatus) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    body, _ = exposition(status)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in plain_text(body.decode())
        for sample in family.samples
    }


def value(name: str, labels: dict[str, str] | None = None, *, status: NodeStatus | None = None) -> float:
    return samples(status or example_status())[f"kube_portals_{name}", frozenset((labels or {}).items())]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("connections_open", 3),
        ("connections_total", 120),
        ("connections_failed_total", 2),
        ("bytes_in_total", 52_000),
        ("bytes_out_total", 3_400_000),
    ],
)
def test_each_service_port_tells_its_traffic(name: str, expected: int) -> None:
    assert value(name, WEB) == expected


def test_families_are_told_apart() -> None:
    assert value("connections_total", {**WEB, "ip_family": "IPv6"}) == 5


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("sync_duration_seconds_count", 4),
        ("sync_duration_seconds_sum", 0.5),
        ("sync_failures_total", 1),
        ("transactions_total", 3),
        ("services_planned_total", 9),
        ("endpoint_changes_total", 0),
        ("synced", 1),
        ("last_sync_timestamp_seconds", LAST_SYNC.timestamp()),
        ("listeners", 2),
        ("descriptors_used", 24),
        ("descriptors_limit", 65536),
        ("descriptors_exhausted_total", 1),
        ("upstream_ports_exhausted_total", 3),
        ("connections_draining", 1),
        ("agent_connected", 1),
        ("conntrack_entries", 120),
        ("elements", 6),
        ("services", 3),
    ],
)
def test_the_node_tells_its_numbers(name: str, expected: float) -> None:
    assert value(name) == expected


def test_portals_are_counted_by_state_and_no_state_is_missing() -> None:
    assert value("portals", {"state": "proxied"}) == 3
    assert value("portals", {"state": "conflict"}) == 1
    assert value("portals", {"state": "dropped"}) == 0


def test_problems_are_counted_by_reason() -> None:
    assert value("service_problems", {"reason": "PortalConflict"}) == 1


def test_nothing_is_counted_twice_by_scraping_twice() -> None:
    status = example_status()
    assert exposition(status) == exposition(status)
    later = replace(status, sync=SyncInfo(syncs=5, total_seconds=0.75, transactions=4))
    assert value("sync_duration_seconds_count", status=later) == 5
    assert value("transactions_total", status=later) == 4


def test_before_the_first_sync_there_is_no_time_of_it() -> None:
    names = {name for name, _ in samples(replace(example_status(), last_sync=None))}
    assert "kube_portals_last_sync_timestamp_seconds" not in names


def test_every_metric_has_our_prefix_a_help_text_and_one_place() -> None:
    families = list(StatusCollector(example_status()).collect())
    assert all(family.name.startswith("kube_portals_") for family in families)
    assert all(family.documentation for family in families)
    assert len({family.name for family in families}) == len(families)
    CollectorRegistry().register(StatusCollector(example_status()))


def test_a_scraper_that_asks_for_open_metrics_gets_it() -> None:
    body, content_type = exposition(example_status(), "application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    families = open_metrics(body.decode())  # type: ignore[no-untyped-call]
    assert {family.name for family in families} >= {"kube_portals_connections"}


def test_names_of_services_are_escaped() -> None:
    status = example_status()
    (first, *others) = status.services
    odd = replace(first, name='a"b\\c\n')
    body, _ = exposition(replace(status, services=(odd, *others)))
    names = {
        sample.labels.get("service") for family in plain_text(body.decode()) for sample in family.samples
    }
    assert 'a"b\\c\n' in names
