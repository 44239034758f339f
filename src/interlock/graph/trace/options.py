"""The options of a node: `charge.using(retry=3, ensure="result.ok")(...)`."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypedDict, TypeVar, cast

from interlock.actions import Action, Annotation, AnyAction
from interlock.errors import UsageError
from interlock.graph.durations import read_duration
from interlock.graph.fields import Problems, Section
from interlock.graph.identifiers import did_you_mean
from interlock.graph.limits import DocumentLimits
from interlock.graph.model import OnError, Retry, Undo
from interlock.graph.nodes import ON_ERROR, read_retry
from interlock.graph.trace.arguments import arguments
from interlock.graph.trace.tracing import Tracing
from interlock.values import Json, NodeId, Schema, duration_text, mutable

Read = TypeVar("Read")

NAMES = (
    *("after", "deadline", "ensure", "id", "needs", "on_error", "require", "retry", "returns"),
    *("timeout", "undo", "when"),
)
MS = timedelta(milliseconds=1)


class Settings(TypedDict):
    """The fields that options give to any kind of node."""

    needs: tuple[NodeId, ...]
    after: tuple[NodeId, ...]
    when: str | None
    require: tuple[str, ...]
    ensure: tuple[str, ...]
    retry: Retry | None
    timeout_ms: int | None
    deadline_ms: int | None
    on_error: OnError
    returns: Schema | None
    undo: Undo | None


@mutable()
class Options:
    """Options as they were given; each is read once."""

    given: Mapping[str, object]
    words: str
    tracing: Tracing

    def read(self) -> Settings:
        """Read all options but `id`.

        Raises:
            UsageError: one is unknown, or not what it must be.
        """
        for name in self.given:
            if name not in NAMES:
                told = f"{self.words} has an unknown option `{name}`"
                raise UsageError(told, hint=did_you_mean(name, NAMES), code="IL1153")
        return Settings(
            needs=self._nodes("needs"),
            after=self._nodes("after"),
            when=self._when(),
            require=self._conditions("require", ("args",)),
            ensure=self._conditions("ensure", ("result", "args")),
            retry=read_retry_option(self.given.get("retry"), words=self.words),
            timeout_ms=self._duration("timeout"),
            deadline_ms=self._duration("deadline"),
            on_error=self._on_error(),
            returns=read_returns(self.given.get("returns"), words=self.words),
            undo=self._undo(self.given.get("undo")),
        )

    def _undo(self, value: object) -> Undo | None:
        """Read `undo`: an action, or an action and its arguments."""
        if value is None:
            return None
        pair = cast(tuple[object, ...], value if isinstance(value, tuple) else (value, None))
        if len(pair) != 2 or not isinstance(pair[0], Action):
            raise UsageError(
                f"`undo` of {self.words} is {value!r:.60}",
                hint='write `undo=refund`, or `undo=(refund, lambda result: {"id": result.id})`',
                code="IL1153",
            )
        action, use = cast(AnyAction, pair[0]), f"`undo` of {self.words}"
        self.tracing.actions.append(action)
        roots = ("result", "args")
        given = (
            {} if pair[1] is None else read_arguments(pair[1], self.tracing, roots=roots, use=use)
        )
        return Undo(action=action.name, with_=given)

    def _duration(self, name: str) -> int | None:
        return read_duration_option(name, self.given.get(name), words=self.words)

    def _when(self) -> str | None:
        own = self.given.get("when")
        return self.tracing.guard(() if own is None else (self.tracing.condition(own),))

    def _nodes(self, name: str) -> tuple[NodeId, ...]:
        return read_nodes(self.given.get(name), self.tracing, use=f"`{name}`")

    def _conditions(self, name: str, roots: Sequence[str]) -> tuple[str, ...]:
        value = self.given.get(name)
        if value is None:
            return ()
        listed = cast(Sequence[object], value) if isinstance(value, list | tuple) else (value,)
        return tuple(self.condition(name, one, roots) for one in listed)

    def condition(self, name: str, value: object, roots: Sequence[str]) -> str:
        """Write a condition: CEL, a reference, or a function of some roots that gives one."""
        if not inspect.isfunction(value):
            return self.tracing.write(self.tracing.condition(value))
        wanted = tuple(inspect.signature(value).parameters)
        if not wanted or len(wanted) > len(roots):
            takes = " and ".join(f"`{root}`" for root in roots)
            raise UsageError(
                f"`{name}` of {self.words} is a function of {len(wanted)} arguments, but is given"
                f" {takes}",
                hint=f"write `{name}=lambda {roots[0]}: ...`",
                code="IL1153",
            )
        # A lone parameter is the first root, unless it is named like another one.
        names = wanted if len(wanted) == 1 and wanted[0] in roots else roots[: len(wanted)]
        references = [self.tracing.local(root) for root in names]
        with self.tracing.seeing(*names):
            found = self.tracing.expressions(f"`{name}`", value, *references)
            return self.tracing.write(self.tracing.condition(found))

    def _on_error(self) -> OnError:
        value = self.given.get("on_error", "fail")
        for known in ON_ERROR:
            if value == known:
                return known
        raise UsageError(
            f"`on_error` of {self.words} is {value!r:.60}",
            hint="write 'fail', 'continue' or 'undo'",
            code="IL1153",
        )


def read_nodes(value: object, tracing: Tracing, *, use: str) -> tuple[NodeId, ...]:
    """Read nodes: what calls returned, or ids of nodes that come later."""
    if value is None:
        return ()
    listed = cast(Sequence[object], value) if isinstance(value, list | tuple) else (value,)
    found = (
        NodeId(one) if isinstance(one, str) else tracing.node_of(one, use=use) for one in listed
    )
    return tuple(dict.fromkeys(found))


def read_arguments(
    value: object, tracing: Tracing, *, roots: Sequence[str], use: str
) -> dict[str, Json]:
    """Read arguments by name: a dict, or a function of some roots that gives one."""
    with tracing.seeing(*roots):
        found = value
        if inspect.isfunction(value):
            count = len(inspect.signature(value).parameters)
            references = [tracing.local(root) for root in roots[:count]]
            found = tracing.expressions(use, value, *references)
        if not isinstance(found, Mapping):
            raise UsageError(
                f"{use} gives {found!r:.60}, which is no dict of arguments",
                hint=f'write `lambda {roots[0]}: {{"name": {roots[0]}.value}}`',
                code="IL1153",
            )
        return arguments(cast(Mapping[str, object], found), tracing, words=use)


def read_retry_option(value: object, *, words: str) -> Retry | None:
    """Read `retry`: a number of attempts, a `Retry`, or its fields as in a document."""
    if value is None or isinstance(value, Retry):
        return value
    fields = {"attempts": value} if isinstance(value, int) else value
    return _read("retry", fields, read_retry, words=words)


def read_duration_option(name: str, value: object, *, words: str) -> int | None:
    """Read a duration: text with a unit, or a `timedelta`."""
    if value is None:
        return None
    text = duration_text(round(value / MS)) if isinstance(value, timedelta) else value
    return _read(name, text, lambda section: read_duration(section, name), words=words)


def _read(name: str, value: object, read: Callable[[Section], Read], *, words: str) -> Read:
    """Read an option as the field of a document that it becomes."""
    problems = Problems(DocumentLimits())
    section = Section({name: cast(Json, value)}, "", name=words, problems=problems)
    found = read(section)
    for problem in problems.found:
        raise UsageError(problem.message, hint=problem.hint, code=problem.code)
    return found


def read_returns(value: object, *, words: str) -> Schema | None:
    """Read `returns`: a type, or a JSON Schema."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Mapping):
        return cast(Schema, dict(cast(Mapping[str, Json], value)))
    return Annotation(value, owner=f"`returns` of {words}").schema("serialization")
