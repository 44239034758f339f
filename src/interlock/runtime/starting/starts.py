"""How a run begins: what is checked, and its first event."""

from collections.abc import Mapping
from dataclasses import field
from typing import cast

from interlock.engine import SEMANTICS
from interlock.errors import ExpressionFailed, InputsInvalid, UsageError, ValueRefused
from interlock.graph import ENGINE
from interlock.journal import Actor, RunStarted, Value
from interlock.plan import Plan, names_in
from interlock.runtime.arguments import expect, expect_deadline, expect_inputs
from interlock.runtime.deciding import Owning
from interlock.runtime.scheduling import PRIORITY_MAX
from interlock.runtime.starting.preparing import Encode
from interlock.values import Json, immutable, plain_text

KEY_CHARS_MAX = 1_000


@immutable()
class Start:
    """One start of a plan.

    Attributes:
        inputs: by name; JSON data for a plan, Python values for a `@graph` function.
        key: of all starts with a key, only the first one makes a run.
        priority: from -100 to 100; higher ones come first.
        deadline_ms: what has not settled so long after the start is cancelled.
    """

    inputs: Mapping[str, object] = field(default_factory=dict[str, object])
    key: str | None = None
    priority: int = 0
    deadline_ms: int | None = None


@immutable()
class CheckedStart:
    """A start whose inputs fit the plan."""

    plan: Plan
    start: Start
    inputs: Value
    principal: Actor

    def event(self, *, now_ms: int) -> RunStarted:
        """Pin what the run is made of: its first event."""
        wait_ms = self.start.deadline_ms
        return RunStarted(
            graph=self.plan.name,
            plan=self.plan.digest,
            document=self.plan.document,
            manifests=self.plan.manifests,
            inputs=self.inputs,
            semantics=SEMANTICS,
            expressions=ENGINE,
            principal=self.principal,
            key=self.start.key,
            deadline_at_ms=now_ms + wait_ms if wait_ms is not None else None,
        )


def checked_start(
    plan: Plan, encode: Encode, start: Start, *, principal: Actor, keys: Owning
) -> CheckedStart:
    """Check a start against the plan.

    Raises:
        InputsInvalid, UsageError: it is wrong.
    """
    expect(start, Start, name="start", hint='such as `Start(inputs={"name": "Ada"}, key="ada")`')
    _check_priority(start.priority)
    _check_key(start.key)
    if start.deadline_ms is not None:
        expect_deadline(start.deadline_ms)
    expect_inputs(start.inputs)
    inputs = _checked_inputs(plan, encode(start.inputs))
    if plan.root.subjects:
        inputs = _owned(plan, inputs, keys)
    return CheckedStart(plan=plan, start=start, inputs=inputs, principal=principal)


def _owned(plan: Plan, inputs: Value, keys: Owning) -> Value:
    """Give inputs to those whom they belong to.

    Raises:
        InputsInvalid: it cannot be told whose one of them is.
    """
    given, names = cast(dict[str, Json], inputs.json), frozenset[str]()
    for name, subject in plan.root.subjects:
        try:
            names |= names_in(subject, given.get(name))
        except ExpressionFailed as error:
            told = f"inputs of `{plan.name}`: whose `{name}` is: {error.message}"
            raise InputsInvalid(told, hint=error.hint) from error
    return keys.own_by(inputs, names) if names else inputs


def _check_priority(priority: int) -> None:
    """Refuse what is no priority.

    Raises:
        UsageError: it is no integer, or out of range.
    """
    hint = f"an integer from -{PRIORITY_MAX} to {PRIORITY_MAX}; higher ones come first"
    expect(priority, int, name="priority", hint=hint)
    if not -PRIORITY_MAX <= priority <= PRIORITY_MAX:
        raise UsageError(f"there is no priority {priority!r}", hint=hint)


def _check_key(key: str | None) -> None:
    """Refuse what is no key.

    Raises:
        UsageError: it is no text, empty, or too long.
    """
    if key is None:
        return
    expect(key, str, name="key", hint="a key is text: `str(key)`")
    if not 0 < len(key) <= KEY_CHARS_MAX:
        raise UsageError(
            f"the key of a run has {len(key):,} characters",
            hint=f"1 to {KEY_CHARS_MAX:,} (KEY_CHARS_MAX); for no key, leave it out",
        )
    if plain_text(key) != key:
        raise UsageError(f"the key {key!a:.60} has half a character", hint="use another key")


def _checked_inputs(plan: Plan, inputs: Mapping[str, Json]) -> Value:
    """Fill in defaults and check inputs against the plan.

    Raises:
        InputsInvalid: they do not match; names each problem.
    """
    try:
        value = Value.of({**plan.root.defaults, **inputs})
    except ValueRefused as error:
        raise InputsInvalid(f"inputs of `{plan.name}`: {error.message}", hint=error.hint) from error
    if not plan.root.accepts.accepts(value.json):
        problems = plan.root.accepts.problems(value.json, limit=5)
        told = "; ".join(map(str, problems))
        raise InputsInvalid(
            f"inputs of `{plan.name}`: {told}", hint="see `interlock plan` for what they must be"
        )
    return value
