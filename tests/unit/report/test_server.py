"""The status over the operator's unix socket."""

# ruff: noqa: ASYNC240 — nothing else runs in the loop while a test looks at its files

import asyncio
import errno
import socket
import stat
from pathlib import Path

import pytest
from aiohttp import web
from msgspec.structs import replace

from kube_portals.report.server import NothingRunsError, StatusError, StatusServer, _unreachable, fetch_status
from kube_portals.report.status import NodeStatus
from unit.report.examples import example_status


async def provider() -> NodeStatus:
    return example_status()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "operator.sock"


async def test_what_the_operator_tells_is_what_the_client_gets(path: Path) -> None:
    async with StatusServer(path, provider):
        assert await fetch_status(path) == example_status()


async def test_every_request_is_answered_with_the_newest_status(path: Path) -> None:
    generations = iter(range(1, 4))

    async def counting() -> NodeStatus:
        return replace(example_status(), instance=f"{next(generations)}")

    async with StatusServer(path, counting):
        assert [(await fetch_status(path)).instance for _ in range(3)] == ["1", "2", "3"]


async def test_the_socket_is_for_its_owner_only_and_goes_with_the_server(path: Path) -> None:
    async with StatusServer(path, provider):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not path.exists()


async def test_the_run_directory_is_made_where_it_is_missing(tmp_path: Path) -> None:
    path = tmp_path / "run" / "operator.sock"
    async with StatusServer(path, provider):
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


async def test_a_socket_that_a_crash_left_behind_is_replaced(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    async with StatusServer(path, provider):
        assert (await fetch_status(path)).node == "node-a"


async def test_the_socket_of_a_running_operator_is_not_taken(path: Path) -> None:
    async with StatusServer(path, provider):
        with pytest.raises(StatusError, match=r"another kube-portals answers at .*operator\.sock; stop it"):
            await StatusServer(path, provider).__aenter__()
        assert (await fetch_status(path)).node == "node-a"


async def test_the_socket_of_a_successor_is_left_alone(path: Path) -> None:
    async with StatusServer(path, provider):
        path.unlink()
        successor = StatusServer(path, provider)
        await successor.__aenter__()
    assert (await fetch_status(path)).node == "node-a"
    await successor.__aexit__(None, None, None)


async def test_a_file_in_the_place_of_the_socket_is_kept(path: Path) -> None:
    path.write_text("mine")
    with pytest.raises(StatusError, match=r"operator\.sock is not a socket"):
        await StatusServer(path, provider).__aenter__()
    assert path.read_text() == "mine"


async def test_a_path_that_is_too_long_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(StatusError, match="cannot be made: AF_UNIX path too long"):
        await StatusServer(tmp_path / ("x" * 120), provider).__aenter__()


async def test_without_an_operator_the_user_is_told_how_to_start_one(path: Path) -> None:
    expected = f"no kube-portals runs here: {path} does not exist; start it with `kube-portals run`"
    with pytest.raises(NothingRunsError) as raised:
        await fetch_status(path)
    assert str(raised.value) == expected


async def test_a_crashed_operator_is_told_from_one_that_never_ran(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as crashed:
        crashed.bind(str(path))
    with pytest.raises(NothingRunsError, match=r"nobody answers at .*operator\.sock; start it with"):
        await fetch_status(path)


def test_another_user_is_told_to_be_root(path: Path) -> None:
    # Root, as which tests may run, can use every socket: the kernel's refusal cannot be had here.
    error = _unreachable(path, PermissionError(errno.EACCES, "Permission denied"))
    assert str(error) == f"{path} is for the user that runs kube-portals only; try again as root"
    assert not isinstance(error, NothingRunsError)


async def test_an_operator_that_fails_to_tell_is_an_error(path: Path) -> None:
    async def failing() -> NodeStatus:
        raise web.HTTPServiceUnavailable

    async with StatusServer(path, failing):
        with pytest.raises(StatusError, match="answered 503; its log tells why"):
            await fetch_status(path)


async def test_an_operator_that_breaks_off_is_an_error(path: Path) -> None:
    async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(hang_up, path):
        with pytest.raises(StatusError, match="broke off its answer"):
            await fetch_status(path)


async def test_an_answer_of_another_version_is_an_error(path: Path) -> None:
    async def old(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_unix_server(old, path):
        with pytest.raises(StatusError, match="speaks another version than this command"):
            await fetch_status(path)
