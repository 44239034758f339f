"""The simulated world outside: it counts what took place, whatever a journal says."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import TypeAlias

from interlock.actions import Manifest
from interlock.values import Digest, Json, Path, digest

ReceiverKey: TypeAlias = str
"""By what a receiver tells one write from another."""

OWN_KEY = "Context.idempotency_key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for a write, as it is sent.

    Attributes:
        output: what the receiver answers when it takes place.
        deadline_ms: the wall-clock time after which nothing is sent any more.
    """

    path: Path
    manifest: Manifest
    key: ReceiverKey
    output: Json
    deadline_ms: int


@dataclass(slots=True, kw_only=True)
class Outside:
    """The receivers of all writes. It outlives processes, and has a time of its own.

    Attributes:
        effects: how often each write took place.
        arrivals_s: when the last request that is under way arrives, in the time of the loop.
    """

    effects: Counter[ReceiverKey] = field(default_factory=Counter[ReceiverKey])
    arrivals_s: float = 0.0
    _known: dict[ReceiverKey, tuple[float, Json]] = field(
        default_factory=dict[ReceiverKey, tuple[float, Json]]
    )

    def take(self, request: Request) -> Json:
        """Let a write take place, unless its receiver remembers its key; return the answer."""
        now_s = asyncio.get_running_loop().time()
        known = self._known.get(request.key)
        if known is not None and request.manifest.key is not None:
            window_ms = request.manifest.window_ms or 0
            if (now_s - known[0]) * 1000 < window_ms:
                return known[1]
        self.effects[request.key] += 1
        self._known[request.key] = now_s, request.output
        return request.output

    def take_later(self, request: Request, after_s: float) -> None:
        """Let a request arrive later, although whoever sent it is gone."""
        loop = asyncio.get_running_loop()
        self.arrivals_s = max(self.arrivals_s, loop.time() + after_s)
        loop.call_later(after_s, self.take, request)

    def find(self, key: ReceiverKey) -> Json | None:
        """Say what a write answered; None when it did not take place."""
        known = self._known.get(key)
        return known[1] if known is not None else None

    def took_place(self, key: ReceiverKey) -> bool:
        """Whether a write took place."""
        return self.effects[key] > 0

    async def settle(self) -> None:
        """Wait until nothing is under way to it."""
        loop = asyncio.get_running_loop()
        await asyncio.sleep(max(0.0, self.arrivals_s - loop.time()) + 0.001)


def receiver_key(manifest: Manifest, key: Digest, args: Json) -> ReceiverKey:
    """By what a receiver tells a write from others: its own key, or that of the node."""
    if manifest.key in (None, OWN_KEY) or not isinstance(args, dict):
        return key
    return digest("receiver", [manifest.name, args.get(manifest.key or "")])
