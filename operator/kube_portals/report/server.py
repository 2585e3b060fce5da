"""The operator's unix socket, where `GET /status` tells the node's status; and its client."""

import errno
import socket
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp
import msgspec
from aiohttp import web

from kube_portals.report.status import NodeStatus

_OWNER_ONLY: Final = 0o600
_ANSWER_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 1.0

StatusProvider = Callable[[], Awaitable[NodeStatus]]


class StatusError(Exception):
    """The status cannot be told or had; one line that says why and what to do."""


class NothingRunsError(StatusError):
    """No operator answers at the socket."""


class StatusServer:
    """Answers `GET /status` at a unix socket that only its owner may use, as long as it is entered.

    A socket that a crashed operator left behind is replaced.
    """

    def __init__(self, path: Path, provider: StatusProvider) -> None:
        self._path = path
        self._provider = provider
        self._inode = 0
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        """Begin to answer.

        Raises:
            StatusError: the socket cannot be made.
        """
        listening = self._listen()
        application = web.Application()
        application.router.add_get("/status", self._answer)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=_CLOSE_SECONDS)
        await self._runner.setup()
        await web.SockSite(self._runner, listening).start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner:
            await self._runner.cleanup()
        # Another operator may have put its own socket there since.
        if self._path.is_socket() and self._path.stat().st_ino == self._inode:
            self._path.unlink()

    async def _answer(self, _: web.Request) -> web.Response:
        status = await self._provider()
        return web.Response(body=msgspec.json.encode(status), content_type="application/json")

    def _listen(self) -> socket.socket:
        try:
            _remove_stale_socket(self._path)
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            try:
                made.bind(str(self._path))
                # Before listen() nobody can connect: there is no moment with wider rights.
                self._path.chmod(_OWNER_ONLY)
                self._inode = self._path.stat().st_ino
            except OSError:
                made.close()
                raise
        except OSError as error:
            raise StatusError(f"the status socket {self._path} cannot be made: {_why(error)}") from error
        return made


def _remove_stale_socket(path: Path) -> None:
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(mode):
        raise StatusError(f"{path} is not a socket; remove it, or choose another --run-dir")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as asking:
        asking.settimeout(0)
        refused = asking.connect_ex(str(path)) == errno.ECONNREFUSED
    if not refused:
        raise StatusError(f"another kube-portals answers at {path}; stop it, or choose another --run-dir")
    path.unlink()


async def fetch_status(path: Path) -> NodeStatus:
    """Ask the operator at this socket for its status.

    Raises:
        NothingRunsError: no operator answers there.
        StatusError: it may not be asked by this user, or its answer is of no use.
    """
    timeout = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
    connector = aiohttp.UnixConnector(path=str(path))
    try:
        async with (
            aiohttp.ClientSession(connector=connector, timeout=timeout) as session,
            session.get("http://operator/status") as response,
        ):
            body = await response.read()
            if response.status != web.HTTPOk.status_code:
                raise StatusError(f"the operator at {path} answered {response.status}; its log tells why")
    except aiohttp.ClientConnectorError as error:
        raise _unreachable(path, error.os_error) from error
    except aiohttp.ClientError as error:
        raise StatusError(f"the operator at {path} broke off its answer: {error}") from error
    except TimeoutError as error:
        raise StatusError(f"the operator at {path} did not answer within {_ANSWER_SECONDS:.0f} s") from error
    try:
        return msgspec.json.decode(body, type=NodeStatus)
    except msgspec.DecodeError as error:
        message = f"the operator at {path} speaks another version than this command: {error}"
        raise StatusError(message) from error


def _unreachable(path: Path, error: OSError) -> StatusError:
    start = "start it with `kube-portals run`"
    if isinstance(error, FileNotFoundError):
        return NothingRunsError(f"no kube-portals runs here: {path} does not exist; {start}")
    if isinstance(error, ConnectionRefusedError):
        return NothingRunsError(f"no kube-portals runs here: nobody answers at {path}; {start}")
    if isinstance(error, PermissionError):
        return StatusError(f"{path} is for the user that runs kube-portals only; try again as root")
    return StatusError(f"the operator at {path} cannot be asked: {_why(error)}")


def _why(error: OSError) -> str:
    return error.strerror or str(error)
