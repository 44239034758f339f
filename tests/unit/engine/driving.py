"""The engine driven by hand: events in, orders out, without a runtime, a store or a loop.

What the engine orders to be recorded is recorded at once; what it orders to be called is returned,
and the test says what came of it. Every state is checked after every step, and at the end it must
be the fold of what was recorded.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from interlock.actions import Registry
from interlock.engine import (
    SEMANTICS,
    CancelAttempt,
    Command,
    NodeState,
    Probe,
    Record,
    SetTimer,
    StartAttempt,
    State,
    check_state,
    execution_digest,
    initial,
    step,
)
from interlock.graph import AnyNode, CallNode, Graph
from interlock.journal import (
    ENGINE,
    AttemptFailed,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    GateDecided,
    GateOpened,
    GateVerdict,
    NodeCancelled,
    NodeResolved,
    NodeSettled,
    OwnerId,
    ProbeAnswer,
    ProbeAnswered,
    RunCancelled,
    RunMigrated,
    RunPaused,
    RunRecovered,
    RunReopened,
    RunSettled,
    RunStarted,
    RunUnpaused,
    SignalReceived,
    TimerFired,
    Value,
    Verdict,
    Who,
    principal_of,
    runtime_actor,
)
from interlock.plan import Limits, Plan, compile as compile_graph
from interlock.replay import fold, verify
from interlock.testing import World
from interlock.values import Json, NodeId, Path, RunId, Schema
from sim.checking import shape

RUN = RunId("R1")
START_MS = 1_000_000
INTEGER: Schema = {"type": "integer"}
STRINGS: Schema = {"type": "array", "items": {"type": "string"}}

Order = StartAttempt | Probe | SetTimer | CancelAttempt


def call(id_: str, action: str, **options: Any) -> CallNode:
    """A call of an action of `World`."""
    with_ = options.pop("with_", {"label": id_, "values": []})
    return CallNode(id=NodeId(id_), action=action, with_=with_, **options)


def plan_of(
    *nodes: AnyNode,
    outputs: Mapping[str, Json] | None = None,
    registry: Registry | None = None,
    limits: Limits | None = None,
    **rest: Any,
) -> Plan:
    graph = Graph(name="g", nodes={node.id: node for node in nodes}, outputs=outputs or {}, **rest)
    return compile_graph(graph, registry or World().registry, limits=limits)


def failure(code: str = "IL6001", **rest: Any) -> ErrorInfo:
    return ErrorInfo(code=code, message=rest.pop("message", "it failed"), **rest)


NOT_APPLIED = failure("IL6009", not_applied=True)
REFUSED = failure("IL6009", not_applied=True, permanent=True)
LATE = failure("IL6012", not_applied=True, permanent=True)


class Told:
    """What one run has come to."""

    state: State
    entries: list[Entry]
    orders: list[Order]

    # --- what is

    def asked(self, path: str) -> GateOpened:
        """What a gate asked for last."""
        events = [entry.event for entry in self.entries]
        found = [e for e in events if isinstance(e, GateOpened) and e.path == path]
        assert found, f"nobody was asked about `{path}`"
        return found[-1]

    def due(self, path: str) -> StartAttempt:
        """The last order to call a node."""
        found = [o for o in self.orders if o.path == path and isinstance(o, StartAttempt)]
        assert found, f"`{path}` was never ordered; there are {[o.path for o in self.orders]}"
        return found[-1]

    def node(self, path: str) -> NodeState:
        found = self.state.find(Path(path))
        assert found is not None, path
        return found[3]

    def settled(self) -> dict[str, str]:
        """The status of every node that has settled, by path."""
        events = [entry.event for entry in self.entries]
        return {event.path: event.status for event in events if isinstance(event, NodeSettled)}

    def error(self, path: str) -> ErrorInfo:
        events = [entry.event for entry in self.entries]
        found = [e for e in events if isinstance(e, NodeSettled) and e.path == path]
        error = found[-1].error if found else None
        assert error is not None, path
        return error

    def settled_as(self, path: str) -> NodeSettled:
        events = [entry.event for entry in self.entries]
        return next(e for e in reversed(events) if isinstance(e, NodeSettled) and e.path == path)

    def value(self, path: str) -> Any:
        """The output of a node that has settled."""
        found = self.settled_as(path).output
        assert found is not None, path
        return found.json

    def output(self) -> Any:
        """The outputs of the run by name."""
        found = self.result().output
        assert found is not None
        return found.json

    def run_error(self) -> ErrorInfo:
        error = self.result().error
        assert error is not None
        return error

    def result(self) -> RunSettled:
        event = self.entries[-1].event
        assert isinstance(event, RunSettled), event
        return event

    def check(self) -> None:
        """What was recorded verifies, and its fold is the state that is here."""
        verified = verify(RUN, self.entries)
        assert verified.recorded == self.state.execution
        assert shape(fold(RUN, self.entries)) == shape(self.state)
        if self.state.status is not None:
            assert self.result().execution == execution_digest(self.state)


class Driven(Told):
    """One run, driven by hand. `now_ms` is the time of the next event."""

    def __init__(
        self, plan: Plan, inputs: Mapping[str, Json] | None = None, **started: Any
    ) -> None:
        self.plan = plan
        self.state = initial(plan, RUN)
        self.entries = []
        self.now_ms = START_MS
        self.orders = []
        self.sent: dict[str, int] = {}
        self.driver, self.epoch = ENGINE, 1
        self.holding: list[Event] | None = None
        self.tell(
            RunStarted(
                graph=plan.name,
                plan=plan.digest,
                document=plan.document,
                manifests=plan.manifests,
                inputs=Value.of(dict(inputs or {})),
                semantics=SEMANTICS,
                expressions="cel",
                principal=principal_of("test").actor,
                **started,
            )
        )

    # --- events

    def tell(
        self, event: Event, *, journaled: bool = True, actor: Who | None = None
    ) -> list[Order]:
        """Apply an event, and all that the engine wants recorded; return what it orders."""
        before = len(self.orders)
        waiting: list[tuple[Event, bool]] = [(event, journaled)]
        while waiting:
            event, journaled = waiting.pop(0)
            entry = self.entry(event) if journaled else Entry(event, self.now_ms)
            by = principal_of(actor).actor if actor is not None else entry.actor
            entry, actor = replace(entry, actor=by), None
            if journaled:
                self.entries.append(entry)
            commands: list[Command] = step(self.state, entry)
            check_state(self.state)
            for command in commands:
                if isinstance(command, Record) and self.holding is not None:
                    self.holding.append(command.event)
                elif isinstance(command, Record):
                    waiting.append((command.event, True))
                else:
                    self.orders.append(command)
        return self.orders[before:]

    def hold(self) -> None:
        """Record nothing that is ordered from now on; something else happens first."""
        self.holding = []

    def release(self) -> list[Order]:
        """Record what was held, in its order."""
        before = len(self.orders)
        held, self.holding = self.holding or [], None
        for event in held:
            self.tell(event)
        return self.orders[before:]

    def taken(self) -> Event:
        """Take the one event that is held: it is not recorded yet, or lost with its owner."""
        assert self.holding is not None
        assert len(self.holding) == 1
        return self.holding.pop()

    def entry(self, event: Event) -> Entry:
        """The next entry, with the causes and the actor that a driver gives it."""
        seq = len(self.entries) + 1
        causes, actor = self._causes(event), self.driver
        match event:
            case AttemptStarted():
                self.sent[event.path] = seq
            case RunStarted():
                actor = event.principal
            case NodeResolved():
                actor = principal_of("ann").actor
            case RunRecovered():
                self.sent.clear()
                self.epoch += 1
                actor = self.driver = runtime_actor(OwnerId(event.owner))
            case _:
                pass
        return Entry(event, self.now_ms, seq, epoch=self.epoch, actor=actor, causes=causes)

    def _causes(self, event: Event) -> tuple[int, ...]:
        path = getattr(event, "path", Path(""))
        order = self.state.ordered.get(path)
        if order is not None and type(order.event) is type(event):
            return order.causes
        if isinstance(event, AttemptStarted):
            due = [o for o in self.orders if o.path == path and isinstance(o, StartAttempt)]
            return due[-1].causes if due else ()
        if isinstance(event, AttemptReturned | AttemptFailed):
            sent = self.sent.pop(path, 0)
            return (sent,) if sent else ()
        return ()

    def start(self, path: str) -> None:
        """Record the intent of the attempt that is due."""
        order = self.due(path)
        self.tell(
            AttemptStarted(
                path=order.path,
                generation=order.generation,
                attempt=order.attempt,
                call_key=order.call_key,
                args=order.args,
                approval=order.approval,
            )
        )

    def end(self, path: str, result: Json | ErrorInfo, **rest: Any) -> list[Order]:
        """Start an attempt that is due, unless it runs ahead, and let it return or fail."""
        order = self.due(path)
        if not order.ahead and not self.node(path).started:
            self.start(path)
        return self.tell(
            self.outcome(path, result, **rest), journaled=not self.is_ahead(order, result)
        )

    def outcome(self, path: str, result: Json | ErrorInfo, **rest: Any) -> Event:
        order = self.due(path)
        common: dict[str, Any] = {
            "path": order.path,
            "generation": order.generation,
            "attempt": order.attempt,
            **rest,
        }
        if isinstance(result, ErrorInfo):
            return AttemptFailed(error=result, call_key=order.call_key, ahead=order.ahead, **common)
        return AttemptReturned(output=Value.of(result), **common)

    def is_ahead(self, order: StartAttempt, result: Json | ErrorInfo) -> bool:
        return order.ahead and not isinstance(result, ErrorInfo)

    def probed(self, path: str, answer: ProbeAnswer, output: Json = None) -> list[Order]:
        node = self.node(path)
        return self.tell(
            ProbeAnswered(
                path=Path(path),
                generation=node.generation,
                attempt=node.attempt,
                answer=answer,
                output=Value.of(output) if answer == "applied" else None,
            )
        )

    def recover(self, *, orderly: bool = False) -> list[Order]:
        return self.tell(RunRecovered(owner="another", orderly=orderly))

    def resolve(self, path: str, verdict: Verdict, output: Json = None) -> list[Order]:
        return self.tell(
            NodeResolved(
                path=Path(path),
                generation=self.node(path).generation,
                verdict=verdict,
                output=Value.of(output) if verdict == "succeeded" else None,
            )
        )

    def decide(
        self, gate: str, verdict: GateVerdict = "approved", *, by: Who = "ann", **changes: Any
    ) -> list[Order]:
        """Let a person decide about what was asked last."""
        asked = self.asked(gate)
        decided = GateDecided(
            path=asked.path, generation=asked.generation, verdict=verdict, binding=asked.binding
        )
        return self.tell(replace(decided, **changes), actor=by)

    def signal(self, name: str, payload: Json = None, *, path: str = "") -> list[Order]:
        event = SignalReceived(path=Path(path), name=name, payload=Value.of(payload))
        return self.tell(event, actor="ann")

    def fire(self, path: str = "") -> list[Order]:
        """Let the timer of a path fire; the time is not moved."""
        generation = self.node(path).generation if path else 1
        return self.tell(TimerFired(path=Path(path), generation=generation))

    def cancel(self, path: str = "", *, undo: bool = False) -> list[Order]:
        """Let a person cancel a node, or the run."""
        if path:
            part = self.state.part(Path(path))
            generation = (part or self.node(path)).generation
            event = NodeCancelled(path=Path(path), generation=generation)
            return self.tell(event, actor="ann")
        return self.tell(RunCancelled(undo=undo), actor="ann")

    def end_cancelled(self, path: str, *, sent: bool = True) -> list[Order]:
        """Report that an attempt was cancelled; by hand it has not been started before."""
        order = self.due(path)
        return self.tell(
            AttemptFailed(
                path=order.path,
                generation=order.generation,
                attempt=order.attempt,
                error=failure("IL6027", permanent=True, not_applied=not sent),
                call_key=order.call_key,
                ahead=order.ahead,
            )
        )

    def reopen(self) -> list[Order]:
        return self.tell(RunReopened(), actor="ann")

    def migrate(self, plan: Plan, *accepted: str) -> list[Order]:
        """Give the run another plan; after it, an owner takes it up, unless it has ended."""
        event = RunMigrated(
            plan=plan.digest,
            document=plan.document,
            manifests=plan.manifests,
            accepted=accepted,
        )
        before = len(self.orders)
        self.tell(event, actor="ann")
        if self.state.status is None:
            del self.orders[before:]
            return self.recover(orderly=True)
        return []

    def pause(self) -> list[Order]:
        return self.tell(RunPaused(), actor="ann")

    def unpause(self) -> list[Order]:
        return self.tell(RunUnpaused(), actor="ann")


def types(orders: list[Order]) -> list[str]:
    """Orders in short: `start a 2`, `probe a 1`, `cancel a 1`, `timer a 5000` from the start."""
    return [_short(order) for order in orders]


def _short(order: Order) -> str:
    match order:
        case StartAttempt():
            return f"start {order.path} {order.attempt}"
        case Probe():
            return f"probe {order.path} {order.attempt}"
        case CancelAttempt():
            return f"cancel {order.path} {order.attempt}"
        case SetTimer():
            return f"timer {order.path} {order.at_ms - START_MS}"


def moved(entry: Entry, **changes: Any) -> Entry:
    """An entry whose event has other fields."""
    return replace(entry, event=replace(entry.event, **changes))
