"""What callers give, checked at the door.

A wrong type would else be found deep inside, or by the thread that writes for all runs, where it
would stop the others, too.
"""

from collections.abc import Collection, Iterable, Mapping

from interlock.actions import Registry
from interlock.errors import UsageError
from interlock.store import check_run_id
from interlock.values import RunId, plain_text

PATH_CHARS_MAX = 100_000
"""Characters of the path of a node that somebody decides about: items may have long keys."""

REASON_CHARS_MAX = 4_000
"""Characters of the reason of a decision."""

DEADLINE_MS_MAX = 100 * 365 * 24 * 3_600_000
"""The deadline of a run that is farthest away: 100 years."""


def expect(given: object, kind: type | tuple[type, ...], *, name: str, hint: str) -> None:
    """Check the type of an argument; True and False are no numbers.

    Raises:
        UsageError: it is of another one.
    """
    if not isinstance(given, kind) or (kind is int and isinstance(given, bool)):
        raise UsageError(f"`{name}` is {given!r:.60}, of type {type(given).__name__}", hint=hint)


def expect_run(run: object) -> None:
    """Check that something may be the id of a run.

    Raises:
        UsageError: it is no text, or none that a run can have.
    """
    own = "give the id of it: `result.run`" if hasattr(run, "run") else "the id of a run is text"
    expect(run, str, name="run", hint=own)
    check_run_id(RunId(str(run)))


def expect_path(path: object) -> None:
    """Check that something may be the path of a node.

    Raises:
        UsageError: it is no text, or too long.
    """
    hint = "the path of a node is text: `fetch`, `docs[3]/fetch`"
    expect(path, str, name="path", hint=hint)
    if len(str(path)) > PATH_CHARS_MAX:
        raise UsageError(f"`path` has {len(str(path)):,} characters", hint=hint)


def expect_one_of(given: object, known: Collection[str], *, name: str) -> None:
    """Check that an argument is one of the words that mean something.

    Raises:
        UsageError: it is none of them.
    """
    if given not in known:
        raise UsageError(f"`{name}` is {given!r:.60}", hint=f"one of {', '.join(sorted(known))}")


def expect_callable(given: object, *, name: str, is_needed: bool = False) -> None:
    """Check that something can be called; where it is not needed, it may be left out.

    Raises:
        UsageError: it cannot.
    """
    if (given is not None or is_needed) and not callable(given):
        told = f"`{name}` is {given!r:.60}, of type {type(given).__name__}"
        hint = "give a function" if is_needed else "give a function, or leave it out"
        raise UsageError(told, hint=hint)


def expect_count(given: object, *, name: str) -> None:
    """Check that something says how many, at least 1.

    Raises:
        UsageError: it does not.
    """
    hint = "a whole number, at least 1"
    expect(given, int, name=name, hint=hint)
    if isinstance(given, int) and given < 1:
        raise UsageError(f"`{name}` is {given!r:.60}", hint=hint)


def checked_reason(reason: object) -> str:
    """The reason of a decision, as it is kept.

    Raises:
        UsageError: it is no text, or too long.
    """
    expect(reason, str, name="reason", hint="a reason is text; for none, leave it out")
    text = plain_text(str(reason))
    if len(text) > REASON_CHARS_MAX:
        raise UsageError(
            f"the reason has {len(text):,} characters",
            hint=f"at most {REASON_CHARS_MAX:,} (REASON_CHARS_MAX): name the place of what is long",
        )
    return text


def expect_deadline(deadline_ms: object) -> None:
    """Check that something is a time from the start of a run.

    Raises:
        UsageError: it is none.
    """
    hint = f"milliseconds from the start, 0 to {DEADLINE_MS_MAX:,} (DEADLINE_MS_MAX)"
    expect(deadline_ms, int, name="deadline_ms", hint=hint)
    if isinstance(deadline_ms, int) and not 0 <= deadline_ms <= DEADLINE_MS_MAX:
        raise UsageError(f"`deadline_ms` is {deadline_ms!r:.60}", hint=hint)


def expect_inputs(inputs: object) -> None:
    """Check that something gives inputs by name.

    Raises:
        UsageError: it does not.
    """
    expect(inputs, Mapping, name="inputs", hint='give them by name: `{"name": "Ada"}`')


def expect_registry(registry: object) -> None:
    """Check that something is a registry.

    Raises:
        UsageError: it is none.
    """
    hint = "put the actions into one: `Registry([...])`"
    expect(registry, Registry, name="registry", hint=hint)


def expect_store(store: object) -> None:
    """Check that something is a store, by what a runtime calls of it.

    Raises:
        UsageError: it is none.
    """
    if not hasattr(store, "heads") or not hasattr(store, "inbox"):
        told = f"`store` is {store!r:.60}, of type {type(store).__name__}"
        raise UsageError(told, hint='open one: `open_store("journal.db")`, `open_store("memory:")`')


def resources_of(resources: Iterable[object]) -> dict[type[object], object]:
    """The clients that actions get, by type.

    Raises:
        UsageError: they are not given as a list.
    """
    hint = "give the clients that actions ask for: `resources=[httpx.AsyncClient()]`"
    expect(resources, Iterable, name="resources", hint=hint)
    if isinstance(resources, str | bytes | Mapping):
        name = "a mapping" if isinstance(resources, Mapping) else "a text"
        raise UsageError(f"`resources` is {name}, no list of clients", hint=hint)
    return {type(one): one for one in resources}
