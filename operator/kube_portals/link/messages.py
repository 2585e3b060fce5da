"""The messages between operator and agent, as JSON text frames of one websocket.

The operator opens the websocket; the agent speaks first (`Welcome`). Every `Update` is answered by one
`Applied` of the same number, every `StatusRequest` by one `AgentStatus`. Numbers grow by one; after a lost
connection the operator starts anew with a full update.
"""

from typing import Final

from msgspec import Struct

from kube_portals.api.portals import Backend, ListenerKey

LINK_VERSION: Final = 1
"""Grows with every change of a message that an older peer could not read."""


class _Message(Struct, frozen=True, kw_only=True, tag=True, rename="camel", omit_defaults=True):
    pass


# ---------------------------------------------------------------- operator → agent


class ListenerSpec(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """One proxy port to serve.

    `proxy_port` 0 leaves the choice to the agent (at random within `Settings.proxy_port_range`); another
    number asks for the port that the kernel's rules already lead to, and the agent picks anew only where it
    cannot be bound. The agent keeps the port of a listener that it already has, whatever is asked.
    """

    key: ListenerKey
    backends: tuple[Backend, ...]
    address: str = ""
    proxy_port: int = 0


class Settings(_Message, frozen=True):
    """How the agent works; sent once after `Welcome`, before the first `Update`."""

    portal_addresses: tuple[str, ...]
    proxy_port_range: tuple[int, int]
    upstream_port_range: tuple[int, int]
    upstream_mark: int
    connect_timeouts: tuple[float, ...] = (0.25, 0.5, 1.0, 2.0)
    udp_idle_timeout: float = 60.0
    link_version: int = LINK_VERSION


class Update(_Message, frozen=True):
    """Listeners to have (new ones and changed ones) and listeners to end; `full`: nothing else may stay."""

    number: int
    put: tuple[ListenerSpec, ...] = ()
    remove: tuple[ListenerKey, ...] = ()
    full: bool = False


class StatusRequest(_Message, frozen=True):
    """Asks for `AgentStatus`."""

    number: int


class Drain(_Message, frozen=True):
    """Stop accepting; answered by `Drained` when every connection has ended, or after `seconds`."""

    seconds: float


class Stop(_Message, frozen=True):
    """End the agent process now."""


# ---------------------------------------------------------------- agent → operator


class BoundListener(Struct, frozen=True, kw_only=True, rename="camel"):
    """A listener as it really is."""

    key: ListenerKey
    address: str
    proxy_port: int


class ListenerError(Struct, frozen=True, kw_only=True, rename="camel"):
    """A listener that could not be had, with a message for users."""

    key: ListenerKey
    message: str


class Welcome(_Message, frozen=True):
    """The agent, and the listeners that it serves at this moment."""

    instance: str
    version: str
    pid: int
    listeners: tuple[BoundListener, ...] = ()
    link_version: int = LINK_VERSION


class Applied(_Message, frozen=True):
    """The outcome of one `Update`, for each listener that it put."""

    number: int
    bound: tuple[BoundListener, ...] = ()
    errors: tuple[ListenerError, ...] = ()


class BackendCounters(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one backend of one listener has seen; UDP counts sessions."""

    backend: Backend
    open: int = 0
    total: int = 0
    failures: int = 0


class ListenerCounters(Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What one listener has seen since it was opened. Bytes: in is from clients, out is to clients."""

    key: ListenerKey
    open: int = 0
    total: int = 0
    failed: int = 0
    bytes_in: int = 0
    bytes_out: int = 0
    backends: tuple[BackendCounters, ...] = ()


class AgentStatus(_Message, frozen=True):
    """All counters, and the limits that were met."""

    number: int
    workers: int
    listeners: tuple[ListenerCounters, ...] = ()
    draining: int = 0
    descriptors_used: int = 0
    descriptors_limit: int = 0
    upstream_ports_exhausted: int = 0
    descriptors_exhausted: int = 0


class Drained(_Message, frozen=True):
    """The drain is over; `open` connections were left at the deadline."""

    open: int


ToAgent = Settings | Update | StatusRequest | Drain | Stop
FromAgent = Welcome | Applied | AgentStatus | Drained
