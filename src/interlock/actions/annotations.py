"""One annotated type at the edge: its JSON Schema, and the JSON data of its values.

Pydantic is imported on first use, so that `import interlock` stays light.
"""

from functools import cache, cached_property
from typing import Any, Literal, cast, final

from interlock.actions.simple import Simple, SimpleReader
from interlock.errors import ActionInvalid, ValueRefused
from interlock.values import Json, Schema, encode, encode_plain

Mode = Literal["validation", "serialization"]


@final
class Annotation:
    """A type as Python code annotates it. `owner` is what messages call the place."""

    def __init__(self, hint: object, *, owner: str) -> None:
        self.hint = hint
        self.owner = owner

    @cached_property
    def _simple(self) -> tuple[Schema, Simple] | None:
        """What the type is, and its schema, when pydantic is not needed for it."""
        reader = SimpleReader()
        found = reader.read(self.hint)
        if found is None:
            return None
        return _items({"items": found.schema, **reader.definitions}), found

    @cached_property
    def _adapter(self) -> Any:
        """An adapter for lists of the type: only there pydantic lets us say how bytes are written.

        As arguments of actions, dataclasses and typed dicts hold their fields and nothing else.
        """
        from pydantic import ConfigDict, TypeAdapter

        listed: Any = list
        config = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64", extra="forbid")
        try:
            return TypeAdapter(listed[self.hint], config=config)
        except Exception as error:  # pydantic raises several unrelated types here
            raise unfit(self.owner, error) from error

    def schema(self, mode: Mode, *, written: bool = False) -> Schema:
        """Return the JSON Schema of values that come in (`validation`) or go out.

        With `written`, they are written by `encode`: a model with all of its fields, also those
        that have a default.

        Raises:
            ActionInvalid: the type has no JSON form.
        """
        if self._simple is not None:
            return self._simple[0]
        adapter = self._adapter
        try:
            found = adapter.json_schema(mode=mode, schema_generator=generator(written=written))
        except Exception as error:  # as above
            raise unfit(self.owner, error) from error
        return _items(cast(dict[str, Json], cleaned(cast(Schema, found), owner=self.owner)))

    def encode(self, value: object) -> Json:
        """Return a value as JSON data; whether it is in the domain is checked by who encodes it.

        Raises:
            ValueRefused: the value has no JSON form.
        """
        if self._simple is not None and self._simple[1].accepts(value):
            return cast(Json, value)
        return self._dumped(value)

    def write(self, value: object) -> bytes:
        """Return the canonical bytes of a value.

        Raises:
            ValueRefused: the value has no JSON form in the domain.
        """
        simple = self._simple[1] if self._simple is not None else None
        if simple is None or not simple.accepts(value):
            return encode(self._dumped(value))
        return encode_plain(value) if simple.is_closed else encode(value)

    def _dumped(self, value: object) -> Json:
        try:
            # By alias, since the schema has the names that models take and give in JSON.
            found: list[Json] = self._adapter.serializer.to_python(
                [value], mode="json", by_alias=True, warnings=False
            )
        except ValueError as error:
            raise ValueRefused(f"{self.owner}: {error}") from error
        return found[0]


def _items(schema: dict[str, Json]) -> Schema:
    """Take the schema of the items out of that of a list, with the definitions it needs."""
    items = cast(Schema, schema.get("items", True))
    definitions = dict(cast(dict[str, Json], schema.get("$defs", {})))
    if isinstance(items, bool) or not definitions:
        return items
    # A type that is nothing but one definition reads better without the name.
    name = str(items.get("$ref", "")).removeprefix("#/$defs/")
    if items.keys() == {"$ref"} and not _refers(definitions, f"#/$defs/{name}"):
        items = cast(dict[str, Json], definitions.pop(name))
    return {**items, "$defs": definitions} if definitions else items


def _refers(tree: Json, reference: str) -> bool:
    if isinstance(tree, list):
        return any(_refers(part, reference) for part in tree)
    if not isinstance(tree, dict):
        return False
    return tree.get("$ref") == reference or any(_refers(p, reference) for p in tree.values())


class SetFound(Exception):
    """A type holds a set, at any depth."""


@cache
def generator(*, written: bool = False) -> Any:
    """Return what makes JSON Schemas as pydantic does, with three differences.

    Sets have no order and are refused. What is written has the fields that have a default, too. And
    a model's own serialiser that does not say what it returns may return anything.
    """
    from pydantic.json_schema import GenerateJsonSchema

    class Generator(GenerateJsonSchema):
        def datetime_schema(self, schema: Any) -> Any:
            # The format asks for an offset, which a time that must be naive does not have.
            is_naive = schema.get("tz_constraint") == "naive"
            return {"type": "string"} if is_naive else super().datetime_schema(schema)

        def set_schema(self, schema: Any) -> Any:
            raise SetFound(schema)

        def frozenset_schema(self, schema: Any) -> Any:
            raise SetFound(schema)

        def field_is_required(self, field: Any, total: bool) -> bool:  # noqa: FBT001 - pydantic's
            if not written or field["type"] == "typed-dict-field":
                return super().field_is_required(field, total)
            return not (field.get("serialization_exclude") or "serialization_exclude_if" in field)

        def model_schema(self, schema: Any) -> Any:
            return {} if self._is_written_otherwise(schema) else super().model_schema(schema)

        def dataclass_schema(self, schema: Any) -> Any:
            return {} if self._is_written_otherwise(schema) else super().dataclass_schema(schema)

        def _is_written_otherwise(self, schema: Any) -> bool:
            """Whether a function writes it: where that says what it returns, this is not asked."""
            kind = schema.get("serialization", {}).get("type")
            return self.mode == "serialization" and kind in ("function-plain", "function-wrap")

    return Generator


def unfit(owner: str, error: Exception) -> ActionInvalid:
    """Say that a type has no JSON form, without pydantic's advice for its own settings."""
    if isinstance(error, SetFound):
        told = "it holds a set, whose order changes between processes"
        return ActionInvalid(f"{owner}: {told}", hint="use a list, sorted")
    told = str(error).partition("\n")[0].partition(". Set ")[0]
    hint = "use types that have a JSON form"
    if "`typing_extensions.TypedDict`" in told:
        told = "pydantic cannot read a `typing.TypedDict` before Python 3.12"
        hint = "import `TypedDict` from `typing_extensions`"
    return ActionInvalid(f"{owner}: {told}", hint=hint)


def cleaned(schema: Schema, *, owner: str) -> Schema:
    """Leave out what pydantic says and no reader of the schema should take for its word.

    Titles that it makes from names are noise in digests and messages. The format `time` asks for an
    offset, which a `datetime.time` does not have.

    Raises:
        ActionInvalid: a default, an example or a constant is not JSON data, such as NaN.
    """
    found = cast(Schema, _cleaned(schema))
    try:
        encode(found)
    except ValueRefused as error:
        told = f"{owner}: its schema would hold what is not JSON data: {error.message}"
        raise ActionInvalid(told, hint=error.hint.replace("null", "None")) from error
    return found


def _cleaned(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_cleaned(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Json] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            kept[key] = {name: _cleaned(part) for name, part in value.items()}
        elif key in ("const", "enum", "default", "examples"):
            kept[key] = value
        elif (key != "title" or not isinstance(value, str)) and (key, value) != ("format", "time"):
            kept[key] = _cleaned(value)
    return kept
