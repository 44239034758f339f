"""Runs graphs with the built-in actions, the way a user does: YAML, registry, store."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.actions import Registry
from interlock.graph import load
from interlock.journal import Event, NodeSettled
from interlock.library import library
from interlock.plan import compile  # noqa: A004 - the word for it
from interlock.runtime import RunResult, Runtime
from interlock.store import MemoryStore, Store


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that has come to its end, or to where it stopped, with its events."""

    result: RunResult
    journal: list[Event]

    @property
    def status(self) -> str:
        return self.result.status

    @property
    def output(self) -> Any:
        return self.result.output

    def events(self, kind: type[Event]) -> list[Any]:
        """Give the events of a kind."""
        return [event for event in self.journal if isinstance(event, kind)]

    @property
    def failure(self) -> str:
        """Say why the node failed."""
        assert self.status == "failed", self.status
        errors = [event.error for event in self.events(NodeSettled) if event.status == "failed"]
        return f"{errors[0].code} {errors[0].message}"

    @property
    def hint(self) -> str:
        """Say what the failure of the node advises."""
        return next(event.error.hint for event in self.events(NodeSettled) if event.error)


async def run(
    document: Mapping[str, Any],
    *,
    registry: Registry | None = None,
    store: Store | None = None,
    secrets: Mapping[str, str] | None = None,
) -> Ran:
    """Run a document."""
    actions = registry or library()
    graph = load(json.dumps({"interlock": 1, "name": "test", **document})).graph
    journal: list[Event] = []
    async with Runtime(store or MemoryStore(), actions, secrets=secrets or {}) as runtime:
        result = await runtime.run(
            compile(graph, actions), {}, observer=lambda _, entry: journal.append(entry.event)
        )
    return Ran(result, journal)


def lone(call: str, given: Mapping[str, Any], **options: Any) -> dict[str, Any]:
    """Make a graph of one node, whose output is the graph's."""
    node = {"call": call, "with": dict(given), **options}
    return {"nodes": {"it": node}, "outputs": {"result": "${{ it }}"}}
