"""What must hold of a course that was taken: told by the simulated world and the durable journal.

Nothing here asks the engine what it would do: it counts.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import cast

from interlock.engine import (
    CANCELLED,
    IllegalTransition,
    State,
    check_state,
    initial,
    step,
)
from interlock.errors import InterlockError, StoreError
from interlock.journal import (
    Entry,
    Event,
    GateDecided,
    GateOpened,
    NodeCancelled,
    NodeResolved,
    NodeSettled,
    RunCancelled,
    RunPaused,
    RunReopened,
    RunUnpaused,
    SignalReceived,
    principal_in,
    values_of,
)
from interlock.replay import fold, pinned_plan, verify
from interlock.runtime import RunResult
from interlock.testing.certifying.courses import Course, Played
from interlock.testing.certifying.outside import ReceiverKey
from interlock.testing.certifying.persons import PERSON
from interlock.testing.certifying.places import node_at
from interlock.testing.certifying.reading import REPORTED, Journal, Sent, counted_codes
from interlock.values import Path, RunId

RUN = RunId("01JDK70000000000000000000A")
OPEN = ("in_doubt", "waiting", "paused")
TIME_CODES = frozenset(("IL6002", "IL6012", "IL6021", "IL6022", "IL6023", "IL6026"))
"""Codes of errors that say that time has passed: they may end a run otherwise."""
DEADLINE = "IL6026"
DECIDED = (
    GateDecided,
    NodeCancelled,
    NodeResolved,
    RunCancelled,
    RunPaused,
    RunReopened,
    RunUnpaused,
    SignalReceived,
)
HAPPENED = ("succeeded", "violated", "undone")
DID_NOT = ("failed", "cancelled", "refused")


def at_rest(journal: Journal, result: RunResult) -> Iterator[str]:
    """At rest a write is in doubt exactly when nobody knows whether it happened.

    What can be sent again, or asked for, may have to wait until a pause is over.
    """
    unknown = journal.in_doubt()
    if result.status == "paused":
        waiting = [path for path, one in unknown.items() if one.manifest.key or one.manifest.probe]
        unknown = {path: one for path, one in unknown.items() if path not in waiting}
    for path in sorted(set(unknown) - set(result.in_doubt)):
        yield f"`{path}` may have happened, nobody knows, and it is not in doubt"
    for path in sorted(set(result.in_doubt) - set(journal.in_doubt())):
        yield f"`{path}` is in doubt, and its outcome is in the journal"


def at_end(journal: Journal, result: RunResult) -> Iterator[str]:
    """The run has come to an end, and its journal says nothing else."""
    if result.status in (*OPEN, "interrupted", "running"):
        asleep = ", ".join(f"`{path}`" for path in sorted(journal.asleep))
        at = f" at {asleep}" if asleep and result.status == "waiting" else ""
        yield f"recovery ends with the run still open: {result.status}{at}"
    try:
        state = verify(RUN, journal.entries).state
        check_state(state)
    except InterlockError as error:
        yield f"the journal does not verify: {error.message}"
        return
    yield from _left_undone(state)


def _left_undone(state: State) -> Iterator[str]:
    """A run that was cancelled to be undone leaves nothing that can be undone, if all went well."""
    tried = [one[0] for path, one in state.outcomes.items() if path.endswith("!undo")]
    if not (state.undoing and state.status == "cancelled") or set(tried) - {"succeeded"}:
        return
    for path, (status, *_) in sorted(state.outcomes.items()):
        node = node_at(state.plan, path)
        if node is not None and node.undo is not None and status in ("succeeded", "violated"):
            yield f"`{path}` can be undone, the run was cancelled to be undone, and it was not"


# --- who decided, against who was there


def of_actors(entries: Sequence[Entry]) -> Iterator[str]:
    """Hold decisions against who was there; of all else, `verify` knows who made it a fact."""
    for entry in entries:
        principal = principal_in(entry.actor)
        if isinstance(entry.event, DECIDED) and (
            principal is None or not principal.name.startswith(PERSON)
        ):
            yield f"event {entry.seq} ({entry.event.type}) is by {entry.actor}, who was not there"


# --- writes: what the journal says of them, against what took place


def of_writes(journal: Journal, effects: Mapping[ReceiverKey, int]) -> Iterator[str]:
    """Hold what the journal says of each write against what took place."""
    shared = Counter(one.key for one in journal.writes.values())
    last = {one.key: one for one in journal.writes.values()}
    for sent in journal.writes.values():
        name = f"`{sent.path}` ({sent.manifest.name})"
        count = effects.get(sent.key, 0)
        if sent.again:
            yield f"{name}: {sent.again}"
        if sent.unasked:
            yield f"{name} was sent, and `{sent.unasked}` had not allowed it"
        if count > 1 and last[sent.key] is sent:
            yield f"{name} took place {count} times; declared: {sent.manifest.guarantee}"
        if sent.status in HAPPENED and not count:
            yield f"{name} is {sent.status}, and it never took place"
        if sent.status in DID_NOT and count and shared[sent.key] == 1:
            yield f"{name} is {sent.status}, and it took place"
        if count and _is_repeated(sent, journal):
            yield f"{name} took place, was not undone, and was executed again as a new one"
    if any(effects[key] for key in set(effects) - set(last)):
        yield "a write took place whose intent is not in the journal"


def _is_repeated(sent: Sent, journal: Journal) -> bool:
    """Whether a later generation was sent although nothing took this one back."""
    if sent.path.endswith("!undo") or (sent.path, sent.generation + 1) not in journal.writes:
        return False
    around = sent.path
    while around:
        if any(one.path == f"{around}!undo" for one in journal.writes.values()):
            return False
        around = Path(around.rpartition("/")[0])
    return True


# --- the end, against that of a run that nobody disturbed


def compare(played: Played, reference: Played) -> None:
    """Hold an end against that of a run that nobody disturbed: same status, same execution."""
    result, expected = played.result, reference.result
    if result is None or expected is None:
        return
    reopened = any(isinstance(entry.event, RunReopened) for entry in played.entries)
    more = counted_codes(played.entries) - counted_codes(reference.entries)
    is_excused = bool(set(more) & TIME_CODES)
    if _was_stopped(played) or (reopened and expected.status != "succeeded"):
        played.is_other = True
    elif result.status != expected.status:
        played.is_other = is_excused
        if not is_excused:
            why = result.error.message if result.error is not None else "no error"
            played.problems.append(
                f"it ends {result.status}, and undisturbed it is {expected.status}: {why}"
            )
    elif not _is_same(played, reference) and not _may_differ(played, reference):
        played.is_other = is_excused
        if not is_excused:
            difference = _first_difference(played.entries, reference.entries)
            played.problems.append(f"another execution digest than undisturbed: {difference}")


def _is_same(played: Played, reference: Played) -> bool:
    """Whether it is the same execution: of data subjects, digests differ from store to store."""
    values = (value for entry in played.entries for value in values_of(entry.event))
    results = [cast(RunResult, one.result) for one in (played, reference)]
    if not any(value.subjects is not None for value in values):
        return results[0].execution == results[1].execution
    outputs = [each.outputs for each in results]
    return outputs[0] == outputs[1] and _statuses(played) == _statuses(reference)


def _statuses(played: Played) -> dict[Path, str]:
    return {path: end[0] for path, end in fold(RUN, played.entries).outcomes.items()}


def _was_stopped(played: Played) -> bool:
    """Whether somebody, or its deadline, stopped the run or a node of it, and that was the end."""
    events = [entry.event for entry in played.entries]
    if any(isinstance(event, RunReopened) for event in events):
        return False
    stops = any(isinstance(event, RunCancelled | NodeCancelled) for event in events)
    return stops or bool(counted_codes(played.entries)[DEADLINE])


def _may_differ(*played: Played) -> bool:
    """Whether something was cancelled, or a gate asked again.

    How far it had got depends on timing, also in a map that had to stop; and what a gate allowed is
    bound to the generation that asked.
    """
    events = [entry.event for one in played for entry in one.entries]
    cancelled = any(counted_codes(one.entries)[CANCELLED] for one in played) or any(
        isinstance(event, NodeSettled) and event.status == "cancelled" for event in events
    )
    return cancelled or any(
        isinstance(event, GateOpened) and event.generation > 1 for event in events
    )


def _first_difference(one: list[Entry], other: list[Entry]) -> str:
    a, b = (fold(RUN, entries).outcomes for entries in (one, other))
    paths = sorted({*a, *b})
    found = next((path for path in paths if a.get(path) != b.get(path)), None)
    if found is None:
        return "the inputs or the plan differ"
    return f"`{found}` is {a.get(found, ['missing'])[0]}, there {b.get(found, ['missing'])[0]}"


# --- reported twice


def repeated(course: Course, entries: list[Entry]) -> Played:
    """Report an event a second time, at once or later.

    What is due once is refused; what may come twice in good faith changes nothing.
    """
    assert course.repeated is not None
    seq, after = course.repeated
    played = Played(course=course)
    state = initial(pinned_plan(entries[0]), RUN)
    for entry in entries[:after]:
        step(state, entry)
    event = entries[seq - 1]
    before = dict(state.outcomes)
    again = Entry(event.event, entries[after - 1].at_ms, after + 1, event.epoch, event.actor)
    try:
        commands = step(state, again)
    except (IllegalTransition, StoreError):
        return played
    if isinstance(event.event, REPORTED) or commands or state.outcomes != before:
        played.problems.append(_taken_twice(event.event, commands))
    return played


def _taken_twice(event: Event, commands: object) -> str:
    return f"{event.type} was taken twice: it ordered {commands!r:.200}"
