"""A process that drives one run, and kills itself with SIGKILL where it is told to.

The receiver of its write is a file that is only ever appended to: one line for each effect that
took place. It outlives the process, and no journal is asked what is in it.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from interlock.actions import Action, Bounds, Context, Registry, Safety
from interlock.graph import CallNode, Graph
from interlock.journal import AttemptReturned, AttemptStarted, Record, decode_entry
from interlock.plan import compile as compile_graph
from interlock.runtime import RunResult, Runtime
from interlock.store import Store, open_store
from interlock.values import NodeId, RunId, ValueRef

RUN = RunId("01JDK70000000000000000000A")
KEY = "Context.idempotency_key"


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class Receiver:
    """The other side, in a file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def effects(self) -> list[str]:
        return self.path.read_text().splitlines() if self.path.exists() else []

    def take(self, key: str, *, deduplicate: bool) -> None:
        if deduplicate and key in self.effects():
            return
        file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{key}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)


class KillingStore:
    """A store whose process dies right before or after a kind of event is durable."""

    def __init__(self, store: Store, kill: str) -> None:
        self.inner = store
        self.kill = kill

    def write(self, records: Sequence[Record]) -> frozenset[RunId]:
        kinds = {kind for record in records for kind in _kinds(record)}
        if self.kill == "before_intent" and AttemptStarted in kinds:
            die()
        if self.kill == "before_record" and AttemptReturned in kinds:
            die()
        fenced = self.inner.write(records)
        if self.kill == "after_record" and AttemptReturned in kinds:
            die()
        return fenced

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def _kinds(record: Record) -> list[type]:
    values = {value.ref: value.data for value in record.values}

    def resolve(ref: ValueRef) -> bytes:
        return values.get(ref, b"null")

    return [type(decode_entry(record.body, resolve)[1].event)] if values else []


def registry_of(receiver: Receiver, kill: str) -> Registry:
    async def probe(order: str, ctx: Context) -> str | None:
        return f"done: {order}" if ctx.idempotency_key in receiver.effects() else None

    safeties = {
        "plain": Safety(),
        "keyed": Safety(key=KEY, window="24h"),
        "probed": Safety(probe=probe),
        "safest": Safety(key=KEY, window="24h", probe=probe),
    }

    def writing(name: str, safety: Safety) -> Action[..., Any]:
        async def act(order: str, ctx: Context) -> str:
            if kill == "before_send":
                die()
            receiver.take(ctx.idempotency_key, deduplicate=safety.key is not None)
            if kill == "after_send":
                die()
            return f"done: {order}"

        return Action(act, name=name, effect="write", safety=safety)

    async def metered(order: str, ctx: Context) -> str:
        if kill in ("before_send", "after_send"):
            die()
        return f"done: {order}"

    read = Action(metered, name="metered", effect="read", bounds=Bounds(metered=True))
    return Registry([*(writing(name, safety) for name, safety in safeties.items()), read])


def graph_of(action: str) -> Graph:
    node = CallNode(id=NodeId("act"), action=action, with_={"order": "o-1"}, timeout_ms=200)
    return Graph(name="one", nodes={node.id: node}, outputs={"result": "${{ act }}"})


async def main(options: argparse.Namespace) -> RunResult:
    registry = registry_of(Receiver(options.effects), options.kill)
    store: Any = KillingStore(open_store(str(options.store)), options.kill)
    async with Runtime(store, registry) as runtime:
        if store.head(RUN) is not None:
            return await runtime.resume(RUN)
        plan = compile_graph(graph_of(options.action), registry)
        return await runtime.run(plan, run=RUN)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("action")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--effects", type=Path, required=True)
    parser.add_argument("--kill", default="")
    result = asyncio.run(main(parser.parse_args()))
    told = {
        "status": result.status,
        "outputs": result.outputs,
        "execution": result.execution,
        "in_doubt": list(result.in_doubt),
    }
    sys.stdout.write(json.dumps(told))
