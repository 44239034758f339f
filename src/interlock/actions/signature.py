"""From a function's annotations to schemas, and from JSON data to its arguments and back.

Pydantic is imported on first use, so that `import interlock` stays light.
"""

import inspect
from collections.abc import Callable
from functools import cached_property, partial
from typing import Annotated, Any, cast, get_args, get_origin, get_type_hints

from interlock.actions.annotations import Annotation, cleaned, generator, unfit
from interlock.actions.context import Context
from interlock.actions.simple import ATOMS, Simple, SimpleArguments, SimpleReader
from interlock.errors import ActionInvalid, ValueRefused
from interlock.values import Json, Schema, encode

PLAIN = (Any, None, type(None), bool, int, float, str, list, dict, object)
NO_DEFAULT = inspect.Parameter.empty
SETS: tuple[object, ...] = (set, frozenset)


class Signature:
    """The typed edge of a function: its parameters, schemas, decoder and encoder."""

    def __init__(self, func: Callable[..., object], name: str) -> None:
        self.name = name
        try:
            self.parameters = inspect.signature(func).parameters
        except (TypeError, ValueError) as error:
            raise ActionInvalid(
                f"action `{name}`: its parameters are not known: {error}",
                hint="wrap it in a function whose parameters are annotated",
            ) from error
        try:
            self.hints: dict[str, Any] = get_type_hints(_annotated(func), include_extras=True)
        except (NameError, AttributeError, SyntaxError, TypeError) as error:
            raise ActionInvalid(
                f"action `{name}`: annotation cannot be resolved: {error}",
                hint="import the type at module level, not under `TYPE_CHECKING`",
            ) from error
        self.context_name = next((n for n in self.parameters if self.hints.get(n) is Context), None)
        self.fields = tuple(n for n in self.parameters if n != self.context_name)
        self._check()

    def _check(self) -> None:
        """Refuse what has no JSON form: star parameters, missing annotations, sets."""
        for name in self.fields:
            parameter = self.parameters[name]
            if parameter.kind in (
                parameter.VAR_POSITIONAL,
                parameter.VAR_KEYWORD,
                parameter.POSITIONAL_ONLY,
            ):
                raise ActionInvalid(
                    f"action `{self.name}`: parameter `{name}` has no name that a graph could use",
                    hint="use named parameters; put open data into one `dict[str, Any]` parameter",
                )
            if name not in self.hints:
                raise ActionInvalid(
                    f"action `{self.name}`: parameter `{name}` has no annotation",
                    hint=f"annotate it, for example `{name}: str`",
                )
        for name, hint in self.hints.items():
            if _mentions_set(hint):
                raise ActionInvalid(
                    f"action `{self.name}`: `{name}` is a set, whose order changes"
                    " between processes",
                    hint="use a list, sorted",
                )

    @cached_property
    def _simple(self) -> SimpleArguments | None:
        """What reads the arguments, when pydantic is not needed for it."""
        reader = SimpleReader()
        defaults: dict[str, Any] = {}
        found: dict[str, Simple] = {}
        for name in self.fields:
            simple, default = reader.read(self.hints[name]), self.parameters[name].default
            if simple is None:
                return None
            found[name] = simple
            if default is not NO_DEFAULT:
                if type(default) not in ATOMS:
                    return None
                defaults[name] = default
        return SimpleArguments(found, defaults=defaults, definitions=reader.definitions)

    @cached_property
    def _model(self) -> Any:
        """A model of the arguments.

        Its fields have names of their own, since a model cannot have one called `json` or `schema`;
        the parameters are their aliases.
        """
        from pydantic import ConfigDict, create_model

        config = ConfigDict(
            extra="forbid",
            val_json_bytes="base64",
            ser_json_bytes="base64",
            arbitrary_types_allowed=False,
        )
        try:
            fields: dict[str, Any] = {
                f"f{index}": (
                    _aliased(self.hints[name], name),
                    ... if (default := self.parameters[name].default) is NO_DEFAULT else default,
                )
                for index, name in enumerate(self.fields)
            }
            return create_model(self.name, __config__=config, **fields)
        except Exception as error:  # pydantic raises several unrelated types here
            raise unfit(f"action `{self.name}`", error) from error

    @cached_property
    def _validate(self) -> Callable[[bytes], object]:
        """What `model_validate_json` calls after it has looked at options: we have none."""
        return cast(Callable[[bytes], object], self._model.__pydantic_validator__.validate_json)

    @cached_property
    def _returned(self) -> Annotation:
        return Annotation(self.hints.get("return", Any), owner=f"output of `{self.name}`")

    @cached_property
    def returns_plain(self) -> bool:
        """Whether outputs are JSON data already, so that no serializer is needed."""
        return _is_plain(self.hints.get("return", Any))

    def arguments_schema(self) -> Schema:
        """Return the JSON Schema of the arguments."""
        if self._simple is not None:
            return cleaned(self._simple.schema, owner=f"action `{self.name}`")
        model = self._model
        try:
            found = model.model_json_schema(mode="validation", schema_generator=generator())
        except Exception as error:  # as above
            raise unfit(f"action `{self.name}`", error) from error
        return cleaned(cast(Schema, found), owner=f"action `{self.name}`")

    def returns_schema(self) -> Schema:
        """Return the JSON Schema of the output."""
        return self._returned.schema("serialization", written=True)

    def decode(self, data: bytes) -> dict[str, object]:
        """Decode canonical argument bytes to typed keyword arguments.

        Raises:
            ValueRefused: the arguments do not match the annotations.
        """
        simple = self._simple.read(data) if self._simple is not None else None
        if simple is not None:
            return simple
        try:
            model = self._validate(data)
        except ValueError as error:
            raise ValueRefused(f"arguments of `{self.name}`: {_told(error)}") from error
        # Its fields stand in the order of the parameters.
        return dict(zip(self.fields, vars(model).values(), strict=True))

    def encode(self, value: object) -> bytes:
        """Encode an output to canonical bytes.

        Raises:
            ValueRefused: the output has no JSON form in the domain.
        """
        if not self.returns_plain:
            return self._returned.write(value)
        try:
            return encode(cast(Json, value))
        except ValueRefused as error:
            hint = f"{self._annotating(value)}{error.hint}"
            raise ValueRefused(error.message, pointer=error.pointer, hint=hint) from error

    def _annotating(self, value: object) -> str:
        """Propose the annotation with which an output would be written; empty if there is none."""
        kind = type(value)
        try:
            declared = Annotation(kind, owner="").schema("serialization")
        except ActionInvalid:
            return ""
        if _is_plain(kind) or declared in (True, {}):
            return ""
        return f"annotate the function with `-> {kind.__name__}`, or "


def _told(error: ValueError) -> str:
    from pydantic import ValidationError

    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors()[:5])


def _annotated(func: Callable[..., object]) -> Callable[..., object]:
    """Find the function that has the annotations of a callable."""
    while isinstance(func, partial):
        func = func.func
    return func if inspect.isroutine(func) else type(func).__call__


def _aliased(hint: Any, name: str) -> Any:
    """Let JSON data say `name`, unless the annotation asks for another one itself."""
    from pydantic import Field

    base, *rest = get_args(hint) if get_origin(hint) is Annotated else (hint,)
    return Annotated[base, Field(alias=name), *rest]


def _is_plain(hint: object) -> bool:
    if hint in PLAIN:
        return True
    origin = get_origin(hint)
    return origin in (list, dict) and all(_is_plain(part) for part in get_args(hint))


def _mentions_set(hint: object) -> bool:
    if any(kind in (hint, get_origin(hint)) for kind in SETS):
        return True
    parts = get_args(hint)[:1] if get_origin(hint) is Annotated else get_args(hint)
    return any(_mentions_set(part) for part in parts)
