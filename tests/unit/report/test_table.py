"""The status as a table for people."""

import io
import re

import pytest
from msgspec.structs import replace
from rich.console import Console

from kube_portals.report.build import build_status
from kube_portals.report.status import AgentInfo, NodeStatus
from kube_portals.report.table import render
from unit.report.examples import COUNTERS, FACTS, VIEWS, WELCOME, example_status

WIDE = """\
kube-portals 0.1.0 on node-a: in sync (last sync 2026-03-01 12:30:05Z)
agent 4711: 2 workers, 2 listeners, 24 of 65536 descriptors, 1 draining
kernel: 6 elements at generation 17, 120 of 262144 conntrack entries

                                         PROXY
SERVICE PORT     PORTAL                   PORT BACKEND               OPEN TOTAL FAILED
default/new      10.96.0.11:80/TCP     pending 10.1.0.8:8080            0     0      0
                 nodePort 30061/TCP   conflict
default/web:http 10.96.0.10:80/TCP       10241 10.1.0.5:8080            2    60      0
                 nodePort 30061/TCP      10241 10.1.0.6:8080            1    58      4
                                               10.1.0.7:8080            0     0      0
default/web:http [fd00:96::10]:80/TCP    19876 [fd00:10:1:0::5]:8080    0     0      0
kube-system/dns  10.96.0.53:53/UDP    rejected -

connections: 4 open, 125 in all, 2 failed; 52.1 kB from clients, 3.4 MB to clients

problem: node node-a: the portal address fd64:706f:7274::1 is a second address of eth0; remove it there
problem: web.yaml:12: spec.ports[0].port is 'http'; expected a number
problem: Service default/new: PortalConflict: nodePort 30061/TCP belongs to Service default/web, which is \
older; choose another nodePort
warning: table inet firewall drops packets at input; accept those for 169.254.64.1
"""

NARROW = """\
kube-portals 0.1.0 on node-a: in sync (last sync 2026-03-01 12:30:05Z)
agent 4711: 2 workers, 2 listeners, 24 of 65536 descriptors, 1 draining
kernel: 6 elements at generation 17, 120 of 262144 conntrack entries

                                       PROXY
SERVICE PORT     PORTAL                 PORT BACKEND           OPEN TOTAL FAILED
default/new      10.96.0.11:80/TCP   pending 10.1.0.8:8080        0     0      0
                 nodePort 30061/TCP conflict
default/web:http 10.96.0.10:80/TCP     10241 10.1.0.5:8080        2    60      0
                 nodePort 30061/TCP    10241 10.1.0.6:8080        1    58      4
                                             10.1.0.7:8080        0     0      0
default/web:http [fd00:96::10]:80/T    19876 [fd00:10:1:0::5]:    0     0      0
                 CP                          8080
kube-system/dns  10.96.0.53:53/UDP  rejected -

connections: 4 open, 125 in all, 2 failed; 52.1 kB from clients, 3.4 MB to
clients

problem: node node-a: the portal address fd64:706f:7274::1 is a second address
of eth0; remove it there
problem: web.yaml:12: spec.ports[0].port is 'http'; expected a number
problem: Service default/new: PortalConflict: nodePort 30061/TCP belongs to
Service default/web, which is older; choose another nodePort
warning: table inet firewall drops packets at input; accept those for
169.254.64.1
"""


def printed(status: NodeStatus, *, width: int = 200, colour: bool = False) -> str:
    out = io.StringIO()
    console = Console(
        file=out,
        width=width,
        force_terminal=colour,
        color_system="standard" if colour else None,
        legacy_windows=False,
    )
    console.print(render(status))
    return "".join(line.rstrip() + "\n" for line in out.getvalue().splitlines())


@pytest.mark.parametrize(("width", "expected"), [(140, WIDE), (80, NARROW)])
def test_portals_stand_beside_their_proxy_ports_and_backends(width: int, expected: str) -> None:
    assert printed(example_status(), width=width) == expected


def test_no_line_is_wider_than_the_terminal_and_nothing_is_lost() -> None:
    narrow = printed(example_status(), width=60)
    assert max(map(len, narrow.splitlines())) <= 60
    assert "…" not in narrow


def test_colours_change_nothing_but_the_colour() -> None:
    coloured = printed(example_status(), width=80, colour=True)
    assert "\x1b[32m" in coloured
    plain = re.sub("\x1b\\[[0-9;]*m", "", coloured)
    assert "".join(line.rstrip() + "\n" for line in plain.splitlines()) == NARROW


def test_a_node_without_services_says_so() -> None:
    status = build_status(FACTS, services=[], bound={}, welcome=WELCOME, counters=COUNTERS)
    text = printed(status)
    assert "\nNo Services.\n" in text
    assert "SERVICE PORT" not in text


def test_a_service_without_portals_is_listed() -> None:
    view = replace(VIEWS[0], settled=replace(VIEWS[0].settled, portals=()))
    text = printed(build_status(FACTS, services=[view], bound={}))
    assert re.search(r"^kube-system/dns +-$", text, re.MULTILINE)


def test_a_missing_agent_stands_out() -> None:
    assert "\nagent: not connected\n" in printed(replace(example_status(), agent=AgentInfo()))


@pytest.mark.parametrize(
    ("synced", "ever", "expected"),
    [
        (True, True, "on node-a: in sync (last sync 2026-03-01 12:30:05Z)\n"),
        (False, True, "on node-a: NOT in sync (last sync 2026-03-01 12:30:05Z)\n"),
        (False, False, "on node-a: NOT in sync yet\n"),
    ],
)
def test_the_first_line_tells_the_sync_state(synced: bool, ever: bool, expected: str) -> None:  # noqa: FBT001
    last_sync = FACTS.last_sync if ever else None
    assert expected in printed(replace(example_status(), synced=synced, last_sync=last_sync))
