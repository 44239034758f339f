"""`@action`: a registered, typed, versioned unit of work, the only way to touch the world."""

import inspect
import re
import textwrap
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextvars import ContextVar
from functools import cached_property
from typing import Any, Generic, ParamSpec, Protocol, TypeVar, Unpack, cast, final, overload

from interlock.actions.context import Context
from interlock.actions.manifest import EFFECTS, Effect, Manifest
from interlock.actions.options import NodeOptions
from interlock.actions.signature import Signature
from interlock.errors import ActionInvalid, UsageError, ValueRefused
from interlock.values import Digest, Json, Schema, decode, digest, duration_ms, encode, immutable

P = ParamSpec("P")
R = TypeVar("R")

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*([.\-/][A-Za-z0-9_]+)*")
NAME_CHARS_MAX = 200
RESULT = "result"
DEFAULT_WINDOW_MS = 24 * 3600 * 1000


class Tracer(Protocol):
    """What records nodes while the body of a `@graph` function is traced."""

    def call(
        self,
        action: "Action[..., object]",
        args: tuple[object, ...],
        kwargs: Mapping[str, object],
        *,
        options: Mapping[str, object],
    ) -> object:
        """Record a call and return a reference to its output."""
        ...


TRACER: ContextVar[Tracer | None] = ContextVar("interlock_tracer", default=None)


@immutable()
class Safety:
    """What a write declares to be safe, as `@action` takes it."""

    key: str | None = None
    window: str | None = None
    probe: Callable[..., object] | None = None
    undo: "Callable[..., object] | Action[..., Any] | None" = None
    transactional: bool = False


@immutable()
class Bounds:
    """Declared bounds of one attempt.

    `metered` says that it costs, by a bound or without one.
    """

    cost_usd_max: float | None = None
    timeout_ms_max: int | None = None
    metered: bool = False


@final
class Action(Generic[P, R]):
    """One action: its function, its manifest, and how values cross its edge.

    Inside a `@graph` function a call records a node; anywhere else it raises `UsageError`. `.func`
    is the original function.
    """

    def __init__(
        self,
        func: Callable[..., object],
        *,
        name: str,
        effect: Effect = "write",
        version: str | None = None,
        safety: Safety | None = None,
        bounds: Bounds | None = None,
        depends_on: Sequence[Callable[..., object]] = (),
        schemas: tuple[Schema, Schema] | None = None,
        bound: Mapping[str, Json] | None = None,
    ) -> None:
        self.func = func
        self.name = name
        self.effect: Effect = effect
        self.version = version
        self.safety = safety or Safety()
        self.bounds = bounds or Bounds()
        self.depends_on = tuple(depends_on)
        self.schemas = schemas
        self.bound: Mapping[str, Json] = dict(bound or {})
        self.is_async = inspect.iscoroutinefunction(func)
        self.__doc__ = func.__doc__
        self.__name__ = getattr(func, "__name__", name)
        self._check()

    def _check(self) -> None:
        if not NAME.fullmatch(self.name) or len(self.name) > NAME_CHARS_MAX:
            raise ActionInvalid(
                f"`{self.name}` is no name for an action",
                hint="use letters, digits and `_`, with dots between parts: `ci.build`",
            )
        if self.effect not in EFFECTS:
            raise ActionInvalid(
                f"action `{self.name}`: unknown effect {self.effect!r}",
                hint="use pure, read or write",
            )
        check_safety(self.name, self.effect, self.safety)
        if self.safety.transactional:
            check_transaction(self.name, self.func)

    @cached_property
    def signature(self) -> Signature:
        """The typed edge of the function."""
        return Signature(self.func, self.name)

    @cached_property
    def context_name(self) -> str | None:
        """The parameter that takes the `Context`, when there is one."""
        if self.schemas is None:
            return self.signature.context_name
        return _declared_context(self.func)

    @cached_property
    def manifest(self) -> Manifest:
        """What is known of the action without its code.

        Raises:
            ActionInvalid: an annotation has no JSON form, or `key` names no argument.
        """
        arguments, returns = self.schemas or (
            self.signature.arguments_schema(),
            self.signature.returns_schema(),
        )
        arguments = _without_bound(arguments, self.bound)
        self._check_key(arguments)
        fingerprint = self._fingerprint()
        window = duration_ms(self.safety.window) if self.safety.window else DEFAULT_WINDOW_MS
        cost = self.bounds.cost_usd_max
        return Manifest(
            name=self.name,
            version=self.version or "1",
            effect=self.effect,
            arguments=arguments,
            returns=returns,
            key=self.safety.key,
            window_ms=window if self.safety.key else None,
            probe=self.safety.probe is not None,
            undo=self._undo_manifest(arguments),
            transactional=self.safety.transactional,
            fingerprint=fingerprint,
            cost_usd_micros_max=None if cost is None else round(cost * 1_000_000),
            metered=self.bounds.metered,
            timeout_ms_max=self.bounds.timeout_ms_max,
            description=inspect.cleandoc(self.__doc__).partition("\n")[0] if self.__doc__ else "",
        )

    @cached_property
    def undo(self) -> "Action[..., Any] | None":
        """The action that takes a write of this one back; a function becomes `NAME.undo`."""
        declared = self.safety.undo
        if declared is None:
            return None
        if isinstance(declared, Action):
            return cast("Action[..., Any]", declared)
        name = f"{self.name}.undo"
        takes = Signature(declared, name).fields
        fixed = {field: one for field, one in self.bound.items() if field in takes}
        return Action(declared, name=name, version=self.version, bound=fixed)

    def _undo_manifest(self, arguments: Schema) -> Manifest | None:
        """Give the manifest of the undo, which takes these arguments by name, and `result`."""
        if self.undo is None:
            return None
        manifest = self.undo.manifest
        given = {*_names(arguments, "properties"), RESULT}
        lacking = [name for name in _names(manifest.arguments, "required") if name not in given]
        if lacking:
            raise ActionInvalid(
                f"action `{self.name}`: its undo takes `{lacking[0]}`, which is neither one of its"
                f" arguments nor `{RESULT}`",
                hint=f"name an argument, or take `{RESULT}`: the output of what is undone",
            )
        return manifest

    def _check_key(self, arguments: Schema) -> None:
        key = self.safety.key
        if key is None or key == "Context.idempotency_key":
            return
        properties = arguments.get("properties") if isinstance(arguments, dict) else None
        if not isinstance(properties, dict) or key not in properties:
            raise ActionInvalid(
                f"action `{self.name}`: key names `{key}`, which is none of its arguments",
                hint="name an argument, or use 'Context.idempotency_key'",
            )

    def _fingerprint(self) -> Digest | None:
        sources = [_source(func) for func in (self.func, *self.depends_on)]
        if any(source is None for source in sources):
            return None
        return digest("fingerprint", [*cast(list[Json], sources), dict(self.bound)])

    def decode(self, data: bytes) -> dict[str, object]:
        """Decode canonical argument bytes to keyword arguments of the function.

        Raises:
            ValueRefused: the arguments do not match.
        """
        if not self.bound and self.schemas is None:
            return self.signature.decode(data)
        given = decode(data)
        if not isinstance(given, dict):
            raise ValueRefused(f"arguments of `{self.name}` are no object")
        given = {**given, **self.bound}
        if self.schemas is not None:
            return cast(dict[str, object], given)
        return self.signature.decode(encode(given))

    def encode(self, value: object) -> bytes:
        """Encode an output to canonical bytes.

        Raises:
            ValueRefused: the output has no JSON form in the domain.
        """
        if self.schemas is not None:
            return encode(cast(Json, value))
        return self.signature.encode(value)

    def derive(
        self,
        name: str,
        *,
        effect: Effect | None = None,
        version: str | None = None,
        safety: Safety | None = None,
        **bound: Json,
    ) -> "Action[..., R]":
        """Make an action that fixes some arguments and may declare another effect or safety.

        A trusted registry says what a general action does in one use:
        `exec_run.derive("ci.test", effect="read", argv=["pytest"])`.
        """
        new_effect = effect or self.effect
        inherited = self.safety if new_effect == "write" else None
        return Action(
            self.func,
            name=name,
            effect=new_effect,
            version=version or self.version,
            safety=safety or inherited,
            bounds=self.bounds,
            depends_on=self.depends_on,
            schemas=self.schemas,
            bound={**self.bound, **bound},
        )

    def using(self, **options: Unpack[NodeOptions]) -> Callable[P, R]:
        """Return the action with options for one node: `charge.using(id="pay", retry=...)(...)`."""

        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            return self._trace(args, kwargs, cast(Mapping[str, object], options))

        return call

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Record a node, inside a `@graph` function only."""
        return self._trace(args, kwargs, {})

    def _trace(
        self, args: tuple[object, ...], kwargs: Mapping[str, object], options: Mapping[str, object]
    ) -> R:
        tracer = TRACER.get()
        if tracer is None:
            raise UsageError(
                f"action `{self.name}` was called outside a graph",
                hint="use it inside a `@graph` function;"
                f" `{self.__name__}.func(...)` runs the plain function",
            )
        found = tracer.call(cast("Action[..., object]", self), args, kwargs, options=options)
        return cast(R, found)

    def __repr__(self) -> str:
        return f"<action {self.name} ({self.effect})>"


def check_safety(name: str, effect: Effect, safety: Safety) -> None:
    """Refuse what is declared and cannot be meant.

    Raises:
        ActionInvalid: the declaration contradicts itself.
    """
    is_safe = safety.key or safety.probe or safety.window
    if effect != "write" and (is_safe or safety.undo or safety.transactional):
        raise ActionInvalid(
            f"action `{name}`: key, window, probe, undo and transactional are said of writes,"
            f" but its effect is {effect}",
            hint='leave them out, or declare effect="write"',
        )
    if safety.window and not safety.key:
        raise ActionInvalid(
            f"action `{name}`: a window needs a key",
            hint="name the argument that carries the key",
        )
    if safety.transactional and is_safe:
        raise ActionInvalid(
            f"action `{name}`: a transactional write commits with the journal, and is never in"
            " doubt: it needs no key, window or probe",
            hint="leave those out, or leave out `transactional`",
        )


def check_transaction(name: str, func: Callable[..., object]) -> None:
    """Refuse a transactional write that would wait.

    Raises:
        ActionInvalid: it is async.
    """
    if inspect.iscoroutinefunction(func):
        raise ActionInvalid(
            f"action `{name}`: a transactional write holds the journal while it runs, so it cannot"
            " wait for anything",
            hint="write it with `def`; what it needs from elsewhere comes as an argument",
        )


def _names(arguments: Schema, field: str) -> list[str]:
    found = arguments.get(field) if isinstance(arguments, dict) else None
    return [str(name) for name in found] if isinstance(found, dict | list) else []


def _name_of(func: Callable[..., object]) -> str:
    name = getattr(func, "__name__", None)
    if not isinstance(name, str):
        raise ActionInvalid(
            f"an action made of {func!r:.100} has no name", hint='give one: `@action("name")`'
        )
    return name


def _source(func: Callable[..., object]) -> str | None:
    """Return the dedented source with LF; None when there is none (a shell, a C function)."""
    try:
        source = inspect.getsource(inspect.unwrap(func))
    except (OSError, TypeError):
        return None
    return textwrap.dedent(source).replace("\r\n", "\n")


def _declared_context(func: Callable[..., object]) -> str | None:
    """Find the parameter that is annotated with `Context`, in a function without other types."""
    try:
        parameters = inspect.signature(func).parameters.values()
    except (TypeError, ValueError):
        return None
    return next((each.name for each in parameters if each.annotation is Context), None)


def _without_bound(arguments: Schema, bound: Mapping[str, Json]) -> Schema:
    if not bound or not isinstance(arguments, dict):
        return arguments
    properties = cast(dict[str, Json], arguments.get("properties") or {})
    unknown = sorted(set(bound) - set(properties))
    if unknown:
        raise ActionInvalid(
            f"cannot fix {unknown[0]!r}: no such argument",
            hint=f"there are: {', '.join(properties)}",
        )
    required = cast(list[Json], arguments.get("required") or [])
    return {
        **arguments,
        "properties": {name: part for name, part in properties.items() if name not in bound},
        "required": [name for name in required if name not in bound],
    }


class ActionDecorator(Protocol):
    """What `action(...)` with options returns."""

    @overload
    def __call__(self, func: Callable[P, Awaitable[R]]) -> Action[P, R]: ...
    @overload
    def __call__(self, func: Callable[P, R]) -> Action[P, R]: ...
    def __call__(self, func: Callable[..., object]) -> object: ...


@overload
def action(func: Callable[P, Awaitable[R]], /) -> Action[P, R]: ...
@overload
def action(func: Callable[P, R], /) -> Action[P, R]: ...
@overload
def action(
    name: str | None = None,
    /,
    *,
    effect: Effect = "write",
    version: str | None = None,
    key: str | None = None,
    window: str | None = None,
    probe: Callable[..., object] | None = None,
    undo: Callable[..., object] | Action[..., Any] | None = None,
    transactional: bool = False,
    cost_usd_max: float | None = None,
    timeout_ms_max: int | None = None,
    metered: bool = False,
    depends_on: Sequence[Callable[..., object]] = (),
) -> ActionDecorator: ...
def action(
    name: str | Callable[..., object] | None = None,
    /,
    *,
    effect: Effect = "write",
    version: str | None = None,
    key: str | None = None,
    window: str | None = None,
    probe: Callable[..., object] | None = None,
    undo: Callable[..., object] | Action[..., Any] | None = None,
    transactional: bool = False,
    cost_usd_max: float | None = None,
    timeout_ms_max: int | None = None,
    metered: bool = False,
    depends_on: Sequence[Callable[..., object]] = (),
) -> object:
    """Make an action of a function, sync or async.

    Args:
        name: the name in documents; the function's name unless given.
        effect: `pure`, `read` or `write`; undeclared means `write` with nothing that makes it safe.
        version: raise it when the meaning changes and the source does not show it.
        key: for a write: the argument (or `Context.idempotency_key`) by which the receiver
            deduplicates.
        window: how long the receiver remembers a key, for example `24h`.
        probe: for a write: a function of the same arguments that asks the receiver whether the
            write happened; it returns the output, None when it did not happen, or raises when it
            cannot tell.
        undo: for a write: a function, or an action, that takes it back. It takes arguments of this
            action by their names, and `result`, the output; a function becomes the action
            `NAME.undo`.
        transactional: for a write to the database of the journal: it commits with the journal, so
            that it happens exactly once.
        cost_usd_max: bound on the money of one attempt; makes the action metered.
        timeout_ms_max: bound on the time of one attempt.
        metered: an attempt costs, even if no bound is known: it never runs ahead of the journal.
        depends_on: functions whose source belongs to the fingerprint.

    Raises:
        ActionInvalid: the declaration is wrong.
    """

    def decorate(func: Callable[..., object]) -> Action[..., object]:
        return Action(
            func,
            name=name if isinstance(name, str) else _name_of(func),
            effect=effect,
            version=version,
            safety=Safety(
                key=key, window=window, probe=probe, undo=undo, transactional=transactional
            ),
            bounds=Bounds(
                cost_usd_max=cost_usd_max, timeout_ms_max=timeout_ms_max, metered=metered
            ),
            depends_on=depends_on,
        )

    return decorate(name) if callable(name) else decorate


def declare(
    name: str,
    func: Callable[..., object],
    *,
    arguments: Schema,
    returns: Schema = True,
    effect: Effect = "write",
    version: str | None = None,
    safety: Safety | None = None,
    bounds: Bounds | None = None,
) -> Action[..., object]:
    """Make an action from JSON Schemas, for tools that data describes (MCP, OpenAPI).

    `func` takes the arguments as keywords and returns JSON data. A parameter that is annotated with
    `Context` gets it.
    """
    return Action(
        func,
        name=name,
        effect=effect,
        version=version,
        safety=safety,
        bounds=bounds,
        schemas=(arguments, returns),
    )
