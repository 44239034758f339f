"""Tests outside `e2e/` reach no network; asyncio works all the same."""

import asyncio
import socket

import pytest
from pytest_socket import SocketBlockedError


def test_sockets_are_blocked():
    # The plugin warns before it raises, and a warning is an error here.
    with pytest.raises((SocketBlockedError, UserWarning), match="tried to use socket"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)


async def test_an_event_loop_runs():
    assert await asyncio.sleep(0, "awake") == "awake"
