"""Health and metrics over HTTP, at the two addresses that kube-proxy has them: 10256 and 10249."""

import ipaddress
import logging
import os
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

import msgspec
from aiohttp import web
from msgspec import Struct

from kube_portals.api.portals import join_host_port
from kube_portals.report.metrics import exposition
from kube_portals.report.server import StatusProvider

HEALTH_TIMEOUT: Final = 60.0
"""Seconds that a change may wait for its sync: twice the sync period, as kube-proxy has it."""

PROXY_MODE: Final = "userspace"
"""What kube-proxy called this way of proxying until 1.26."""

_CLOSE_SECONDS: Final = 1.0

logger = logging.getLogger(__name__)


class Progress(Struct, frozen=True, kw_only=True):
    """How far the sync loop is: `waiting` seconds has the oldest change waited for its sync; 0 is none.

    `node_eligible` is False for a node that is being deleted or that the autoscaler is about to remove.
    """

    last_sync: datetime | None = None
    waiting: float = 0.0
    node_eligible: bool = True


class Health(Struct, frozen=True, kw_only=True, rename="camel"):
    """The body of /healthz and /livez, in kube-proxy's form."""

    last_updated: datetime | None
    current_time: datetime
    node_eligible: bool
    healthy: bool


def judge(progress: Progress, *, now: datetime, timeout: float = HEALTH_TIMEOUT) -> Health:
    """Healthy is a loop of which no change waits for longer than `timeout`; one that starts is healthy.

    `last_updated` is `now` as long as all is well, even if nothing was to be done (as with kube-proxy,
    pkg/proxy/healthcheck/proxy_health.go): who reads it wants to see recent times.
    """
    healthy = progress.waiting <= timeout
    return Health(
        last_updated=now if healthy else progress.last_sync,
        current_time=now,
        node_eligible=progress.node_eligible,
        healthy=healthy,
    )


class HealthServers:
    """Answers at both addresses as long as it is entered; an empty address turns its server off.

    Both listen with SO_REUSEPORT: at an upgrade the old and the new instance answer side by side. An address
    that cannot be had (kube-proxy has it, perhaps) is no reason to stop proxying: `warnings` tells of it.

    Args:
        healthz: Address and port of /healthz and /livez.
        metrics: Address and port of /metrics and /proxyMode.
        health: Asked at every request; must not wait for anything.
        status: Asked at every scrape.
        timeout: Seconds that a change may wait for its sync.

    Raises:
        ValueError: an address is not one.
    """

    def __init__(
        self,
        *,
        healthz: str,
        metrics: str,
        health: Callable[[], Progress],
        status: StatusProvider,
        timeout: float = HEALTH_TIMEOUT,
    ) -> None:
        self.warnings: tuple[str, ...] = ()
        self.bound: dict[str, tuple[str, int]] = {}
        self._addresses = {
            name: bind_address(name, text)
            for name, text in (("healthzBindAddress", healthz), ("metricsBindAddress", metrics))
            if text
        }
        self._health = health
        self._status = status
        self._timeout = timeout
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Begin to answer where an address could be had."""
        routes = {
            "healthzBindAddress": [web.get("/healthz", self._healthz), web.get("/livez", self._livez)],
            "metricsBindAddress": [web.get("/metrics", self._metrics), web.get("/proxyMode", self._mode)],
        }
        for name, (host, port) in self._addresses.items():
            await self._serve(name, host, port, routes[name])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    async def _serve(self, name: str, host: str, port: int, routes: list[web.RouteDef]) -> None:
        try:
            listening = _listen(host, port)
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else error
            warning = f"{name} {join_host_port(host, port)} cannot be had: {why}; choose another, or free it"
            self.warnings += (warning,)
            logger.warning(warning)
            return
        application = web.Application()
        application.router.add_routes(routes)
        runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
        self._open.push_async_callback(runner.cleanup)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        self.bound[name] = listening.getsockname()[:2]

    async def _healthz(self, _: web.Request) -> web.Response:
        health = self._judge()
        return _health_response(health, good=health.healthy and health.node_eligible)

    async def _livez(self, _: web.Request) -> web.Response:
        health = self._judge()
        return _health_response(health, good=health.healthy)

    async def _metrics(self, request: web.Request) -> web.Response:
        body, content_type = exposition(await self._status(), request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    async def _mode(self, _: web.Request) -> web.Response:
        return web.Response(text=PROXY_MODE)

    def _judge(self) -> Health:
        return judge(self._health(), now=datetime.now(UTC), timeout=self._timeout)


def bind_address(name: str, text: str) -> tuple[str, int]:
    """The address and port of `address:port`.

    Raises:
        ValueError: it is not of that form.
    """
    host, _, port = text.rpartition(":")
    try:
        address = ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))
        if not 0 <= int(port) <= 65535 or text != join_host_port(host.strip("[]"), int(port)):
            raise ValueError(port)  # noqa: TRY301 — the same message as for what the parsers refuse
    except ValueError:
        message = f"{name} is {text!r}; expected address:port, like 127.0.0.1:10249 or [::]:10256"
        raise ValueError(message) from None
    return str(address), int(port)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    every = host == "::"  # as in Go, this is every address of both families
    return socket.create_server((host, port), family=family, reuse_port=True, dualstack_ipv6=every)


def _health_response(health: Health, *, good: bool) -> web.Response:
    return web.Response(
        status=web.HTTPOk.status_code if good else web.HTTPServiceUnavailable.status_code,
        body=msgspec.json.encode(health),
        content_type="application/json",
        headers={"X-Content-Type-Options": "nosniff"},
    )
