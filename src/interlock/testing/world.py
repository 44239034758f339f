"""A world for tests: actions of every effect and safety, whose effects are counted outside a run.

What a call does is scripted by its label. A `Receiver` is the outside: it counts what took place,
deduplicates by key as a good service does, and can be asked. It outlives every runtime, store and
loop, so it knows what really happened, whatever a journal says.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, final

from interlock.actions import Action, Bounds, Context, Effect, Registry, Safety
from interlock.errors import NotApplied, Permanent
from interlock.values import Digest, Json

Does = Literal[
    "return", "raise", "not_applied", "permanent", "hang", "wrong_type", "no_json", "nan"
]
Point = Literal["called", "applied", "answering"]
Label: TypeAlias = str

MODULUS = 997


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripted:
    """What one call does.

    Attributes:
        does: how it ends. `not_applied` and `permanent` raise the exceptions of these names.
        delay_ms: how long it takes.
        applies: whether a write takes place; one that raises `NotApplied` never does.
    """

    does: Does = "return"
    delay_ms: int = 0
    applies: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """A moment in the life of a call: a place where a process may die.

    Attributes:
        point: `called` before anything is done, `applied` when a write has taken place,
            `answering` when the answer is about to leave.
    """

    point: Point
    action: str
    label: Label
    attempt_no: int
    key: Digest


Watcher: TypeAlias = Callable[[Moment], Awaitable[None]]
Script: TypeAlias = Callable[[Label, int], Scripted]
"""What the n-th call with a label does; n counts from 1."""
Proposals: TypeAlias = Callable[[Label, int], Json]


@dataclass(slots=True, kw_only=True)
class Receiver:
    """The other side of every write.

    Attributes:
        effects: how often each label's write took place.
        requests: how often it was asked to, effect or not.
        probe: what it answers when it is asked: the truth, or that it does not know.
    """

    effects: Counter[Label] = field(default_factory=Counter[Label])
    requests: Counter[Label] = field(default_factory=Counter[Label])
    probe: Literal["truth", "unknown"] = "truth"
    known: dict[Digest, int] = field(default_factory=dict)

    def take(self, label: Label, answer: int, *, key: Digest, deduplicate: bool) -> int:
        """Let a write take place, unless its key is known."""
        self.requests[label] += 1
        if deduplicate and key in self.known:
            return self.known[key]
        self.effects[label] += 1
        self.known[key] = answer
        return answer

    def find(self, key: Digest) -> int | None:
        """Say what became of a write: its answer, or None when it did not take place.

        Raises:
            LookupError: the receiver does not know.
        """
        if self.probe == "unknown":
            raise LookupError("the receiver keeps no records")
        return self.known.get(key)


class OutOfOrder(Exception):
    """What a call that is scripted to fail raises."""


@final
class World:
    """Actions to build graphs of, and what they did.

    Each takes a `label`, which must be unique in a run, and `values`; each returns an integer that
    depends on both and on nothing else. `registry` has, by effect and safety: `pure`, `read`,
    `metered`, `write` (nothing declared), `keyed`, `probed`, `safest` (key and probe),
    and `propose`, a read that returns the documents of `proposals`, one after the other.

    ```python
    world = World({"pay": [Scripted(does="raise"), Scripted()]})
    ```

    Args:
        script: what the calls with a label do, one after the other; then they return. Or a function
            that says it of each call.
        proposals: the documents that `propose` returns, likewise; the last one is repeated.
        watch: called at each moment of each call, in the loop; one that never returns holds it.
        window: how long the receiver of `keyed` and `safest` remembers a key.
    """

    def __init__(
        self,
        script: Mapping[Label, Sequence[Scripted]] | Script | None = None,
        *,
        proposals: Mapping[Label, Sequence[Json]] | Proposals | None = None,
        watch: Watcher | None = None,
        window: str = "24h",
    ) -> None:
        self.receiver = Receiver()
        self.calls: Counter[Label] = Counter()
        self.watch = watch
        self._script = script if callable(script) else _listed(script or {})
        self._propose = proposals if callable(proposals) else _proposed(proposals or {})
        key = "Context.idempotency_key"
        self.registry = Registry(
            [
                self._action("pure", "pure"),
                self._action("read", "read"),
                self._action("metered", "read", bounds=Bounds(cost_usd_max=0.01)),
                self._action("write", "write"),
                self._action("keyed", "write", safety=Safety(key=key, window=window)),
                self._action("probed", "write", safety=Safety(probe=self._probe)),
                self._action(
                    "safest", "write", safety=Safety(key=key, window=window, probe=self._probe)
                ),
                Action(self._proposing, name="propose", effect="read"),
            ]
        )

    def _action(
        self,
        name: str,
        effect: Effect,
        *,
        safety: Safety | None = None,
        bounds: Bounds | None = None,
    ) -> Action[..., Any]:
        deduplicate = safety is not None and safety.key is not None

        async def act(label: str, values: list[int], ctx: Context) -> int:
            self.calls[label] += 1
            scripted = self._script(label, self.calls[label])
            answer = answer_to(label, values)
            await self._at("called", name, label, ctx=ctx)
            if scripted.delay_ms:
                await asyncio.sleep(scripted.delay_ms / 1000)
            if effect == "write" and scripted.applies and scripted.does != "not_applied":
                key = ctx.idempotency_key
                answer = self.receiver.take(label, answer, key=key, deduplicate=deduplicate)
                await self._at("applied", name, label, ctx=ctx)
            result = await _ended(scripted.does, answer)
            await self._at("answering", name, label, ctx=ctx)
            return result

        return Action(act, name=name, effect=effect, safety=safety, bounds=bounds)

    async def _at(self, point: Point, action: str, label: Label, *, ctx: Context) -> None:
        if self.watch is not None:
            await self.watch(
                Moment(
                    point=point,
                    action=action,
                    label=label,
                    attempt_no=ctx.attempt_no,
                    key=ctx.idempotency_key,
                )
            )

    async def _proposing(self, label: str, values: list[int], ctx: Context) -> object:
        del values  # they are for the inputs of what is proposed
        self.calls[label] += 1
        await self._at("called", "propose", label, ctx=ctx)
        return self._propose(label, self.calls[label])

    async def _probe(self, ctx: Context, **_: object) -> int | None:
        return self.receiver.find(ctx.idempotency_key)


def _listed(script: Mapping[Label, Sequence[Scripted]]) -> Script:
    def scripted(label: Label, number: int) -> Scripted:
        found = script.get(label, ())
        return found[number - 1] if number <= len(found) else Scripted()

    return scripted


def _proposed(proposals: Mapping[Label, Sequence[Json]]) -> Proposals:
    return lambda label, number: proposals[label][min(number, len(proposals[label])) - 1]


def answer_to(label: Label, values: Sequence[int]) -> int:
    """Return what every action of a world answers."""
    return (sum(values) * 31 + sum(label.encode())) % MODULUS


RAISED: Mapping[Does, type[Exception]] = {
    "raise": OutOfOrder,
    "not_applied": NotApplied,
    "permanent": Permanent,
}
RETURNED: Mapping[Does, object] = {
    "wrong_type": "text where an integer should be",
    "no_json": object(),
    "nan": float("nan"),
}


async def _ended(does: Does, answer: int) -> Any:
    if does == "hang":
        await asyncio.get_running_loop().create_future()
    if does in RAISED:
        raise RAISED[does]("scripted to fail")
    return RETURNED.get(does, answer)
