"""What must hold of a run, whatever happened to it; seen from outside, and told by the journal.

Nothing here asks the engine what it would do: it counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from interlock.engine import (
    Command,
    Probe,
    StartAttempt,
    State,
    check_state,
    idempotency_key,
    initial,
    step,
)
from interlock.journal import (
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    RunSettled,
    Value,
    decode_entry,
    refs_of,
)
from interlock.plan import (
    CompiledCall,
    CompiledGraphNode,
    CompiledMap,
    CompiledPropose,
    CompiledRepeat,
    Plan,
)
from interlock.replay import fold, pinned_plan, verify
from interlock.runtime import read_entries
from interlock.store import Store
from interlock.testing import Moment, World
from interlock.values import Path, RunId, paths

ONCE = ("write",)
AT_MOST_ONE_EFFECT = (*ONCE, "keyed", "probed", "safest")
AHEAD = ("pure", "read")


class Checked:
    """Checks every state after every step, and keeps what was live: states and orders to call."""

    def __init__(self) -> None:
        self.live: dict[RunId, State] = {}
        self.calls: list[tuple[Any, ...]] = []

    def step(self, state: State, entry: Entry) -> list[Command]:
        commands = step(state, entry)
        check_state(state)
        check_order(state, commands)
        self.live[state.run] = state
        self.calls += calls_in(commands)
        return commands


def calls_in(commands: list[Command]) -> list[tuple[Any, ...]]:
    """Orders to call something, as plain data."""
    return [
        (type(command).__name__, *_plain(command, skip=("node", "args")).values(), command.args.ref)
        for command in commands
        if isinstance(command, StartAttempt | Probe)
    ]


def calls_derived(run: RunId, entries: list[Entry]) -> list[tuple[Any, ...]]:
    """What the engine orders to be called, derived from a journal alone."""
    state = initial(pinned_plan(entries[0]), run)
    return [call for entry in entries for call in calls_in(step(state, entry))]


def check_order(state: State, commands: list[Command]) -> None:
    """Calls that one step orders in one scope come in the canonical order of its nodes."""
    last: dict[Path, int] = {}
    for command in commands:
        if isinstance(command, StartAttempt):
            found = state.find(command.path)
            assert found is not None
            scope, index = found[:2]
            assert index > last.get(scope.path, -1), command.path
            last[scope.path] = index


@contextmanager
def checked_steps() -> Iterator[Checked]:
    checked = Checked()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("interlock.runtime.driving.driver.step", checked.step)
        yield checked


def entries_of(store: Store, run: RunId) -> list[Entry]:
    return list(read_entries(store, run)) if store.head(run) is not None else []


class Reading:
    """The entries of a run that are durable, read once each."""

    def __init__(self, store: Store, run: RunId) -> None:
        self._store = store
        self._run = run
        self._entries: list[Entry] = []

    def entries(self) -> list[Entry]:
        while page := self._store.read(self._run, after=len(self._entries)):
            for event in page:
                values = self._store.values(self._run, refs_of(event.body))
                self._entries.append(decode_entry(event.body, values.get)[1])
        return self._entries


# --- what the journal tells


def arguments_of(intent: AttemptStarted) -> tuple[str, list[int]]:
    """The label and the values that an action of `World` is called with."""
    args: Any = intent.args.json
    return args["label"], args["values"]


def lost(entries: list[Entry]) -> dict[Path, int]:
    """Attempts with an intent and no outcome, by path: what a crash now would lose."""
    open_: dict[Path, int] = {}
    for entry in entries:
        match entry.event:
            case AttemptStarted(path=path, attempt=attempt):
                open_[path] = attempt
            case (
                AttemptReturned(path=path)
                | AttemptFailed(path=path)
                | NodeInDoubt(path=path)
                | NodeSettled(path=path)
            ):
                open_.pop(path, None)
            case _:
                pass
    return open_


def in_doubt(entries: list[Entry]) -> set[Path]:
    found: set[Path] = set()
    for entry in entries:
        if isinstance(entry.event, NodeInDoubt):
            found.add(entry.event.path)
        elif isinstance(entry.event, NodeResolved):
            found.discard(entry.event.path)
    return found


def action_of(plan: Plan, path: Path) -> str:
    """The action of a node; the ids of what is proposed begin with the name of their action."""
    graph = plan.root
    *outer, last = (segment.node for segment in paths.parse(path))
    for id_ in outer:
        node = graph.nodes[graph.positions[id_]]
        if isinstance(node, CompiledPropose):
            return last.partition("_")[0]
        assert isinstance(node, CompiledGraphNode | CompiledMap | CompiledRepeat)
        graph = node.body
    node = graph.nodes[graph.positions[last]]
    assert isinstance(node, CompiledCall)
    return node.action.name


# --- checks


def check_sound(store: Store, run: RunId, live: State | None) -> None:
    """The journal verifies, and the state that was live is the fold of it."""
    entries = entries_of(store, run)
    assert [entry.seq for entry in entries] == list(range(1, len(entries) + 1))
    assert all(cause < entry.seq for entry in entries for cause in entry.causes)
    verified = verify(run, entries)
    settled = entries[-1].event if isinstance(entries[-1].event, RunSettled) else None
    assert verified.recorded == (settled.execution if settled is not None else None)
    folded = fold(run, entries)
    check_state(folded)
    if live is not None:
        assert shape(live) == shape(folded)


def check_effects(world: World, plan: Plan, labels: dict[str, Path], *, succeeded: bool) -> None:
    """No write took place twice; in a run that succeeded, each one took place."""
    for label, count in world.receiver.effects.items():
        assert count <= 1, (label, action_of(plan, labels[label]))
    if succeeded:
        for label, path in labels.items():
            if action_of(plan, path) in AT_MOST_ONE_EFFECT:
                assert world.receiver.effects[label] == 1, label


def intent_watcher(store: Store, run: RunId, labels: dict[str, Path]):
    """Fails when something is sent whose intent the store does not have."""

    async def watch(moment: Moment) -> None:
        intents = [
            entry.event
            for entry in entries_of(store, run)
            if isinstance(entry.event, AttemptStarted)
        ]
        durable = {
            (idempotency_key(run, intent.path, intent.generation), intent.attempt)
            for intent in intents
        }
        for intent in intents:
            args = intent.args.json
            assert isinstance(args, dict)
            labels[str(args["label"])] = intent.path
        if moment.action not in AHEAD:
            assert (moment.key, moment.attempt_no) in durable, f"{moment} was not intended"

    return watch


def shape(value: Any) -> Any:
    """A state as plain data, without what is compiled, so that two can be compared."""
    if isinstance(value, State):
        return {
            "scopes": {path: shape(scope) for path, scope in sorted(value.scopes.items())},
            **_plain(value, skip=("plan", "next_plan", "root", "scopes", "run")),
        }
    if isinstance(value, Value):
        return value.ref
    if isinstance(value, dict):
        return {key: shape(part) for key, part in sorted(value.items())}
    if isinstance(value, set):
        return sorted(value)
    if isinstance(value, list | tuple):
        return [shape(part) for part in value]
    if type(value).__name__ == "ScopeState":
        return _plain(value, skip=("graph", "parent"))
    if type(value).__module__ == State.__module__:
        # A scope that is open stands among the scopes.
        skipped = ("opened",) if type(getattr(value, "opened", 0)).__name__ == "ScopeState" else ()
        return _plain(value, skip=skipped)
    if type(value).__name__ == "Proposal":
        return value.digest
    return value


def _plain(value: Any, *, skip: tuple[str, ...]) -> dict[str, Any]:
    return {name: shape(getattr(value, name)) for name in value.__slots__ if name not in skip}
