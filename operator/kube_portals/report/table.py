"""The status of a node as a table for people: portals, proxy ports, backends, connections; then problems."""

from collections.abc import Iterator, Sequence
from datetime import UTC
from itertools import zip_longest

from rich.console import Group, RenderableType
from rich.filesize import decimal
from rich.table import Table
from rich.text import Text

from kube_portals.api.portals import join_host_port
from kube_portals.report.status import (
    BackendStatus,
    NodeStatus,
    PortalState,
    PortalStatus,
    PortBackends,
    ServiceStatus,
    total_traffic,
)

_STYLES = {
    PortalState.PROXIED: "green",
    PortalState.REJECTED: "yellow",
    PortalState.DROPPED: "yellow",
    PortalState.PENDING: "cyan",
    PortalState.CONFLICT: "red",
}
_STATE_WIDTH = max(map(len, PortalState))
_NUMBERS = ("OPEN", "TOTAL", "FAILED")


def render(status: NodeStatus) -> RenderableType:
    """The whole status. Every text is a `Text`: rich would take the brackets of IPv6 for markup."""
    services = _table(status) if status.services else Text("No Services.")
    parts: list[RenderableType] = [*_header(status), Text(), services]
    if status.services:
        parts += [Text(), _traffic_line(status)]
    problems = list(_problem_lines(status))
    if problems:
        parts += [Text(), *problems]
    return Group(*parts)


def _header(status: NodeStatus) -> Iterator[Text]:
    when = status.last_sync.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ") if status.last_sync else ""
    line = Text(f"kube-portals {status.version} on {status.node}: ", "bold")
    if status.synced:
        line.append(f"in sync (last sync {when})" if when else "in sync", "green")
    else:
        line.append(f"NOT in sync (last sync {when})" if when else "NOT in sync yet", "red")
    yield line
    agent = status.agent
    if agent.connected:
        yield Text(
            f"agent {agent.pid}: {_count(agent.workers, 'worker')}, {_count(agent.listeners, 'listener')}, "
            f"{agent.descriptors_used} of {agent.descriptors_limit} descriptors, {agent.draining} draining"
        )
    else:
        yield Text("agent: not connected", "red")
    kernel, conntrack = status.kernel, status.conntrack
    yield Text(
        f"kernel: {_count(kernel.elements, 'element')} at generation {kernel.generation}, "
        f"{conntrack.used} of {conntrack.max} conntrack entries"
    )


def _table(status: NodeStatus) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), header_style="bold")
    for column in ("SERVICE PORT", "PORTAL"):
        table.add_column(column, overflow="fold")
    table.add_column("PROXY PORT", justify="right", width=_STATE_WIDTH)
    table.add_column("BACKEND", overflow="fold")
    for column in _NUMBERS:
        table.add_column(column, no_wrap=True, justify="right")
    for service in status.services:
        for service_port, portals, backends in _rows(service):
            for row, (portal, backend) in enumerate(zip_longest(portals, backends)):
                name = Text("" if row else service_port)
                table.add_row(name, *_portal_cells(portal), *_backend_cells(backend, first=not row))
    return table


def _rows(
    service: ServiceStatus,
) -> Iterator[tuple[str, Sequence[PortalStatus | None], tuple[BackendStatus, ...]]]:
    """Portals beside the backends that they share: one group for each Service port and family."""
    groups: dict[tuple[str, str, str], list[PortalStatus]] = {}
    for portal in service.portals:
        groups.setdefault((portal.service_port, portal.protocol, portal.family), []).append(portal)
    behind = {_group_of(each): each.backends for each in service.backends}
    for group, portals in groups.items():
        yield group[0], portals, behind.get(group, ())
    if not groups:
        yield f"{service.namespace}/{service.name}", [None], ()


def _group_of(each: PortBackends) -> tuple[str, str, str]:
    return each.service_port, each.protocol, each.family


def _portal_cells(portal: PortalStatus | None) -> tuple[Text, Text]:
    if portal is None:
        return Text(), Text()
    proxied = portal.state is PortalState.PROXIED
    return Text(portal.portal), Text(
        str(portal.proxy_port) if proxied else portal.state, _STYLES[portal.state]
    )


def _backend_cells(backend: BackendStatus | None, *, first: bool) -> tuple[Text, ...]:
    if backend is None:
        return (Text("-" if first else ""), *(Text() for _ in _NUMBERS))
    numbers = (backend.open, backend.total, backend.failures)
    cells = [Text(str(number)) for number in numbers]
    if backend.failures:
        cells[-1].stylize("red")
    return (Text(join_host_port(backend.address, backend.port)), *cells)


def _traffic_line(status: NodeStatus) -> Text:
    traffic = total_traffic(service.traffic for service in status.services)
    return Text(
        f"connections: {traffic.open} open, {traffic.total} in all, {traffic.failed} failed; "
        f"{decimal(traffic.bytes_in)} from clients, {decimal(traffic.bytes_out)} to clients"
    )


def _problem_lines(status: NodeStatus) -> Iterator[Text]:
    for problem in status.problems:
        yield Text(f"problem: node {status.node}: {problem}", "red")
    for problem in status.source_problems:
        yield Text(f"problem: {problem}", "red")
    for service in status.services:
        for each in service.problems:
            name = f"Service {service.namespace}/{service.name}"
            yield Text(f"problem: {name}: {each.reason}: {each.message}", "red")
    for warning in status.warnings:
        yield Text(f"warning: {warning}", "yellow")


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
