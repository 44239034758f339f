"""Listening: decisions that other processes have posted about runs that go on here."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Protocol

from interlock.errors import StoreError
from interlock.journal import Message
from interlock.runtime.owning import sets_within
from interlock.store import Store
from interlock.values import RunId

LISTEN_MS = 200


class Listener(Protocol):
    """What drives a run, and takes what was decided about it."""

    def tell(self, messages: Iterable[Message]) -> None:
        """Take decisions from outside."""
        ...


async def listen(store: Store, driven: Mapping[RunId, Listener], *, closing: asyncio.Event) -> None:
    """Tell those who drive runs what was posted about them, until the runtime closes."""
    heard = 0
    while not await sets_within(closing, LISTEN_MS / 1000):
        if driven:
            with suppress(StoreError):  # The next one who writes hears of it.
                heard = _hear(store, driven, after=heard)


def _hear(store: Store, driven: Mapping[RunId, Listener], *, after: int) -> int:
    """Deliver what is new; return the number of the last message."""
    messages = store.inbox(after=after)
    while messages:
        after = messages[-1].number
        for message in messages:
            if message.run in driven:
                driven[message.run].tell([message])
        messages = store.inbox(after=after)
    return after
