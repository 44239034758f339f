"""Actions that write to the counter, graphs of them, and what must be true of both in the end."""

import asyncio
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any, final

from interlock.actions import Action, Bounds, Context, Registry, Safety
from interlock.errors import InterlockError, NotApplied, Permanent
from interlock.graph import GateNode, Graph, MapNode, Retry, Undo
from interlock.journal import NodeInDoubt, NodeSettled, RunHead
from interlock.plan import Limits, Plan, compile as compile_graph
from interlock.replay import verify
from interlock.store import Store
from interlock.testing.certifying.reading import Journal, Sent
from interlock.values import Json, NodeId
from proofs.counter import Counted, Line
from proofs.figures import Figures
from unit.engine.driving import INTEGER, call

Tell = Callable[[], object]
KEY = "Context.idempotency_key"
LABELS = {
    "plain": "at most once",
    "keyed": "one effect",
    "probed": "one effect",
    "safest": "one effect",
    "booked": "exactly once",
    "look": "repeatable",
    "metered": "repeatable",
    "pure": "repeatable",
    "fails": "repeatable",
}
ENDS = {"pay": "succeeded", "refund": "failed"}
"""How a run of each plan ends."""
UNDONE = ("plain!undo", "keyed!undo", "probed!undo", "booked!undo")
"""What is undone of each `refund`."""
TOO_SLOW = "booked!undo"
"""What a busy machine may fail to do in time; the journal says so then."""


@final
class Sender:
    """How a process reaches the counter.

    `sending` is told when a request is about to leave, and when it has left.
    """

    def __init__(self, path: str = "") -> None:
        self.path = path
        self._name = "nobody"
        self._tell: Tell = lambda: None
        self._sending: Callable[[int], None] = lambda _: None

    def be(self, name: str, tell: Tell, sending: Callable[[int], None] | None = None) -> None:
        """Say in whose name it sends, and who is told of each request that has left."""
        self._name, self._tell = name, tell
        self._sending = sending or self._sending

    def told(self) -> None:
        self._tell()

    async def ask(self, line: Line, ctx: Context | None = None) -> Line:
        reader, writer = await asyncio.open_unix_connection(self.path)
        try:
            self._send(writer, {**line, "sender": self._name}, ctx)
            self._tell()
            return json.loads(await reader.readline())
        finally:
            writer.close()

    def _send(self, writer: asyncio.StreamWriter, line: Line, ctx: Context | None) -> None:
        """Look at the clock and send: nobody can do both at once, so this says when it does."""
        self._sending(1)
        try:
            if ctx is not None and ctx.now() >= ctx.deadline_ms:
                raise NotApplied("its time was over before it was sent")
            writer.write(json.dumps(line).encode() + b"\n")
        finally:
            self._sending(-1)


def answer_to(name: str, number: int) -> int:
    return 10 * number + len(name)


def registry_of(sender: Sender) -> Registry:
    async def probe(name: str, number: int, ctx: Context) -> int | None:
        told = await sender.ask({"op": "find", "key": ctx.idempotency_key})
        return answer_to(name, number) if told["found"] else None

    def writing(action: str, safety: Safety) -> Action[..., Any]:
        async def act(name: str, number: int, ctx: Context) -> int:
            line = {"op": "take", "action": action, "key": ctx.idempotency_key}
            await sender.ask({**line, "deduplicate": safety.key is not None}, ctx)
            return answer_to(name, number)

        return Action(act, name=action, effect="write", safety=safety)

    def booked(name: str, number: int, ctx: Context) -> int:
        ctx.database.execute("CREATE TABLE IF NOT EXISTS booked (key TEXT NOT NULL)")
        ctx.database.execute("INSERT INTO booked VALUES (?)", (ctx.idempotency_key,))
        sender.told()
        return answer_to(name, number)

    async def look(name: str, number: int) -> int:
        await sender.ask({"op": "find", "key": name})
        return answer_to(name, number)

    def pure(name: str, number: int) -> int:
        return answer_to(name, number)

    def fails(name: str, number: int) -> int:
        raise Permanent(f"{name} {number}")

    return Registry(
        [
            writing("plain", Safety()),
            writing("keyed", Safety(key=KEY, window="24h")),
            writing("probed", Safety(probe=probe)),
            writing("safest", Safety(key=KEY, window="24h", probe=probe)),
            Action(booked, name="booked", effect="write", safety=Safety(transactional=True)),
            Action(look, name="look", effect="read"),
            Action(look, name="metered", effect="read", bounds=Bounds(cost_usd_max=0.01)),
            Action(pure, name="pure", effect="pure"),
            Action(fails, name="fails", effect="pure"),
        ]
    )


def node(id_: str, action: str, number: str, **options: Any):
    given = {"name": id_, "number": f"${{{{ {number} }}}}"}
    return call(id_, action, with_=given, retry=Retry(attempts=5, delay_ms=1), **options)


def pay() -> Graph:
    """Every effect and safety, side by side and one behind the other, in a map, behind a gate."""
    inner = [node("keyed", "keyed", "inputs.item"), node("plain", "plain", "keyed")]
    body = Graph(
        name="body",
        inputs={"item": INTEGER},
        nodes={each.id: each for each in inner},
        outputs={"n": "${{ plain }}"},
    )
    each = MapNode(
        id=NodeId("each"), graph="body", over="[1, 2, 3]", as_="item", with_={"item": "${{ item }}"}
    )
    nodes = (
        node("pure", "pure", "1"),
        node("look", "look", "pure"),
        node("plain", "plain", "pure"),
        node("keyed", "keyed", "pure"),
        node("booked", "booked", "pure"),
        node("probed", "probed", "look"),
        node("safest", "safest", "keyed"),
        node("metered", "metered", "plain + booked"),
        each,
        GateNode(
            id=NodeId("allowed"),
            ask="Pay ${{ metered }}?",
            needs=(NodeId("each"),),
            bounds={NodeId("last"): "args.number > 0"},
        ),
        node("last", "plain", "safest + metered + probed", needs=(NodeId("allowed"),)),
    )
    return Graph(
        name="pay",
        nodes={found.id: found for found in nodes},
        outputs={"n": "${{ last }}"},
        graphs={"body": body},
    )


def refund() -> Graph:
    """Writes of every safety that are all undone, since what comes after them fails."""
    back: dict[str, Json] = {"name": "back", "number": "${{ result }}"}
    writes = [
        node(name, name, "1", undo=Undo(action=name, with_=back))
        for name in ("plain", "keyed", "probed", "booked")
    ]
    fails = node("fails", "fails", "plain + keyed + probed + booked", on_error="undo")
    return Graph(name="refund", nodes={found.id: found for found in (*writes, fails)}, outputs={})


def plans_of(registry: Registry) -> Mapping[str, Plan]:
    # A process that dies every tenth of a second makes no attempt wrong.
    limits = Limits(crashes_max=1_000_000)
    return {
        graph.name: compile_graph(graph, registry, limits=limits) for graph in (pay(), refund())
    }


PLANS = plans_of(registry_of(Sender()))


def booked_in(journal: str) -> Counter[str]:
    """The effects in the database of the journal, by key."""
    with closing(sqlite3.connect(journal)) as connection:
        try:
            return Counter(key for (key,) in connection.execute("SELECT key FROM booked"))
        except sqlite3.OperationalError:
            return Counter()  # Nothing was booked, so that there is no table.


# --- what must be true


def judge(store: Store, heads: list[RunHead], counted: Counted, figures: Figures) -> None:
    """Hold the journals of all runs against what took place, the promises and the labels.

    What was booked in the database of the journal is among what was counted.
    """
    intended: set[str] = set()
    for head in heads:
        figures.seen["runs"] += 1
        if head.status != ENDS[head.graph]:
            figures.fail("lost", f"run {head.run} of {head.graph} is {head.status} in the end")
        intended |= judge_run(store, head, counted, figures)
    for key in counted.effects:
        if counted.effects[key] and key not in intended:
            figures.fail("mislabelled", f"there is no intent of the effect with key {key}")
        if counted.effects[key] > 1:
            figures.fail("duplicated", f"{counted.effects[key]} effects of the key {key}")
    for name in ENDS:
        of_name = {head.execution for head in heads if head.graph == name}
        may_be_slow = name == "refund" and figures.seen["undos that were too slow"] > 0
        if len(of_name) > 1 + may_be_slow:
            figures.fail("mislabelled", f"runs of {name} have different execution digests")
    for key, runs in Counter(head.key for head in heads if head.key is not None).items():
        if runs > 1:
            figures.fail("duplicated", f"{runs} runs were started with the key {key}")
    judge_acks(heads, counted, figures)
    for name, manifest in registry_of(Sender()).manifests.items():
        if manifest.guarantee != LABELS[name]:
            figures.fail("mislabelled", f"`{name}` is {manifest.guarantee}")


def judge_run(store: Store, head: RunHead, counted: Counted, figures: Figures) -> set[str]:
    """Hold one journal against the counts; return the keys of its writes."""
    try:
        journal = Journal(store, head.run, PLANS[head.graph]).read()
        verify(head.run, journal.entries)
    except InterlockError as error:
        figures.fail("lost", f"the journal of {head.run} does not verify: {error.message}")
        return set()
    epochs = [entry.epoch for entry in journal.entries]
    if epochs != sorted(epochs):
        figures.fail("duplicated", f"{head.run} was appended to by an owner that had lost it")
    for entry in journal.entries:
        figures.seen[type(entry.event).__name__] += 1
        if isinstance(entry.event, NodeInDoubt):
            manifest = journal.manifest_of(entry.event.path)
            if manifest is None or manifest.guarantee != "at most once":
                figures.fail("mislabelled", f"{head.run} {entry.event.path} is in doubt")
    slow = too_slow(journal)
    for sent in journal.writes.values():
        judge_write(head, sent, counted, figures, slow=slow)
    if head.graph == "refund":
        writes = journal.writes.values()
        done = {sent.path for sent in writes if sent.status == "succeeded"}
        for path in set(UNDONE) - done - slow:
            figures.fail("lost", f"{head.run} {path} did not happen")
    return {sent.key for sent in journal.writes.values()}


def judge_write(
    head: RunHead, sent: Sent, counted: Counted, figures: Figures, *, slow: set[str]
) -> None:
    name = f"{head.run} {sent.path} ({sent.manifest.name}, {sent.manifest.guarantee})"
    effects = counted.effects[sent.key]
    if sent.again:
        figures.fail("duplicated", f"{name}: {sent.again}")
    if sent.status == "succeeded" and not effects:
        figures.fail("lost", f"{name} is succeeded, and it never took place")
    elif sent.path in slow and not effects:
        figures.seen["undos that were too slow"] += 1
    elif sent.status != "succeeded":
        figures.fail("mislabelled", f"{name} is {sent.status}; it took place {effects} times")


def too_slow(journal: Journal) -> set[str]:
    """The undos in transactions that took longer than they may: each is tried once."""
    return {
        event.path
        for event in (entry.event for entry in journal.entries)
        if isinstance(event, NodeSettled)
        and event.path == TOO_SLOW
        and event.error is not None
        and "took longer than" in event.error.message
    }


def judge_acks(heads: list[RunHead], counted: Counted, figures: Figures) -> None:
    """What was promised to somebody is in the journal."""
    found = {head.run: head for head in heads}
    for ack in counted.acks:
        figures.seen["promises"] += 1
        head = found.get(ack["run"])
        if head is None:
            figures.fail("lost", f"{ack} was promised, the journal has no such run")
        elif "status" in ack and (head.status, head.execution) != (ack["status"], ack["execution"]):
            figures.fail("lost", f"{ack} was promised, the journal has {head}")
