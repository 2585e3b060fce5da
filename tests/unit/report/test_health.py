"""Health and metrics over HTTP."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kube_portals.report.health import HealthServers, Progress, bind_address, judge
from kube_portals.report.status import NodeStatus
from unit.report.examples import LAST_SYNC, example_status

NOW = LAST_SYNC + timedelta(hours=1)
ANY_PORT = "127.0.0.1:0"


async def provider() -> NodeStatus:
    return example_status()


def servers(
    progress: Progress | None = None, *, healthz: str = ANY_PORT, metrics: str = ANY_PORT
) -> HealthServers:
    return HealthServers(
        healthz=healthz,
        metrics=metrics,
        health=lambda: progress or Progress(last_sync=LAST_SYNC),
        status=provider,
        timeout=60.0,
    )


@asynccontextmanager
async def get(running: HealthServers, which: str, path: str) -> AsyncIterator[aiohttp.ClientResponse]:
    host, port = running.bound[which]
    url = f"http://[{host}]:{port}{path}" if ":" in host else f"http://{host}:{port}{path}"
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        yield response


def test_a_loop_with_nothing_to_do_is_healthy_and_up_to_date() -> None:
    health = judge(Progress(last_sync=LAST_SYNC), now=NOW)
    assert health.healthy
    assert health.last_updated == NOW


def test_a_loop_that_starts_is_healthy() -> None:
    assert judge(Progress(), now=NOW).healthy


def test_a_change_that_waits_for_too_long_is_unhealthy_and_tells_the_last_sync() -> None:
    health = judge(Progress(last_sync=LAST_SYNC, waiting=60.5), now=NOW, timeout=60.0)
    assert not health.healthy
    assert health.last_updated == LAST_SYNC


@given(st.floats(0, 1e6), st.floats(0.1, 1e6))
def test_healthy_is_who_waits_no_longer_than_the_timeout(waiting: float, timeout: float) -> None:
    assert judge(Progress(waiting=waiting), now=NOW, timeout=timeout).healthy is (waiting <= timeout)


@pytest.mark.parametrize(
    ("progress", "healthz", "livez"),
    [
        (Progress(last_sync=LAST_SYNC), 200, 200),
        (Progress(last_sync=LAST_SYNC, waiting=30), 200, 200),
        (Progress(last_sync=LAST_SYNC, waiting=61), 503, 503),
        (Progress(last_sync=LAST_SYNC, node_eligible=False), 503, 200),
    ],
    ids=["in sync", "syncing", "stuck", "node to be deleted"],
)
async def test_healthz_counts_the_node_and_livez_the_loop_alone(
    progress: Progress, healthz: int, livez: int
) -> None:
    async with servers(progress) as running:
        async with get(running, "healthzBindAddress", "/healthz") as response:
            assert response.status == healthz
        async with get(running, "healthzBindAddress", "/livez") as response:
            assert response.status == livez


async def test_the_body_has_the_form_of_kube_proxy() -> None:
    async with (
        servers(Progress(last_sync=LAST_SYNC, waiting=61)) as running,
        get(running, "healthzBindAddress", "/healthz") as response,
    ):
        body = await response.json()
        assert response.content_type == "application/json"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert sorted(body) == ["currentTime", "healthy", "lastUpdated", "nodeEligible"]
    assert body["lastUpdated"] == "2026-03-01T12:30:05.250000Z"
    assert (body["healthy"], body["nodeEligible"]) == (False, True)
    assert abs(datetime.fromisoformat(body["currentTime"]) - datetime.now(UTC)) < timedelta(minutes=1)


async def test_metrics_and_proxy_mode_are_at_the_metrics_address_only() -> None:
    async with servers() as running:
        async with get(running, "metricsBindAddress", "/metrics") as response:
            assert response.status == 200
            assert response.content_type == "text/plain"
            assert "kube_portals_listeners 2.0" in await response.text()
        async with get(running, "metricsBindAddress", "/proxyMode") as response:
            assert (response.status, await response.text()) == (200, "userspace")
        async with get(running, "healthzBindAddress", "/metrics") as response:
            assert response.status == 404


async def test_an_empty_address_turns_a_server_off() -> None:
    async with servers(healthz="") as running:
        assert list(running.bound) == ["metricsBindAddress"]
        assert running.warnings == ()


async def test_a_taken_address_is_a_warning_and_the_other_server_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        async with servers(healthz=address) as running:
            assert running.warnings == (
                f"healthzBindAddress {address} cannot be had: Address already in use; "
                "choose another, or free it",
            )
            async with get(running, "metricsBindAddress", "/proxyMode") as response:
                assert response.status == 200


async def test_an_address_of_another_host_is_a_warning() -> None:
    async with servers(metrics="192.0.2.1:10249") as running:
        assert "metricsBindAddress 192.0.2.1:10249 cannot be had: Cannot assign" in running.warnings[0]


async def test_two_instances_answer_at_one_address_during_an_upgrade() -> None:
    async with servers() as first:
        host, port = first.bound["healthzBindAddress"]
        async with servers(healthz=f"{host}:{port}") as second:
            assert second.warnings == ()
            assert second.bound["healthzBindAddress"] == (host, port)


async def test_the_port_is_free_after_the_servers_have_ended() -> None:
    async with servers() as running:
        address = running.bound["healthzBindAddress"]
    with socket.create_server(address):
        pass


async def test_every_address_of_both_families_can_be_served() -> None:
    async with servers(healthz="[::]:0") as running:
        _, port = running.bound["healthzBindAddress"]
        async with aiohttp.ClientSession() as session:
            for host in ("127.0.0.1", "[::1]"):
                async with session.get(f"http://{host}:{port}/livez") as response:
                    assert response.status == 200


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:10249", ("127.0.0.1", 10249)),
        ("0.0.0.0:10256", ("0.0.0.0", 10256)),
        ("[::]:10256", ("::", 10256)),
        ("[fd00::1]:1", ("fd00::1", 1)),
    ],
)
def test_addresses_are_read(text: str, expected: tuple[str, int]) -> None:
    assert bind_address("healthzBindAddress", text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "10249",
        ":10249",
        "127.0.0.1",
        "127.0.0.1:",
        "localhost:1",
        "::1:80",
        "[127.0.0.1]:80",
        "127.0.0.1:70000",
        "1.2.3.4:-1",
        "[::1:80",
        "127.0.0.1:+1",
        "127.0.0.1: 1",
    ],
)
def test_what_is_no_address_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(
        ValueError, match=r"metricsBindAddress is '.*'; expected address:port, like 127\.0\.0\.1"
    ):
        servers(metrics=text)
