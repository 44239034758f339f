"""One annotated type at the edge: its JSON Schema, and the JSON data of its values.

Pydantic is imported on first use, so that `import interlock` stays light.
"""

from functools import cached_property
from typing import Any, Literal, cast, final

from interlock.errors import ActionInvalid, ValueRefused
from interlock.values import Json, Schema

Mode = Literal["validation", "serialization"]


@final
class Annotation:
    """A type as Python code annotates it. `owner` is what messages call the place."""

    def __init__(self, hint: object, *, owner: str) -> None:
        self.hint = hint
        self.owner = owner

    @cached_property
    def _adapter(self) -> Any:
        from pydantic import ConfigDict, TypeAdapter

        hint: Any = self.hint
        try:
            return TypeAdapter(hint, config=ConfigDict(ser_json_bytes="base64"))
        except Exception:  # noqa: BLE001 - models bring a config of their own and refuse another
            try:
                return TypeAdapter(hint)
            except Exception as error:  # pydantic raises several unrelated types here
                raise ActionInvalid(
                    f"{self.owner}: {error}", hint="use types that have a JSON form"
                ) from error

    def schema(self, mode: Mode) -> Schema:
        """Return the JSON Schema of values that come in (`validation`) or go out.

        Raises:
            ActionInvalid: the type has no JSON form.
        """
        try:
            found = self._adapter.json_schema(mode=mode)
        except Exception as error:  # as above
            raise ActionInvalid(
                f"{self.owner}: {error}", hint="use types that have a JSON form"
            ) from error
        return without_titles(cast(Schema, found))

    def encode(self, value: object) -> Json:
        """Return a value as JSON data; whether it is in the domain is checked by who encodes it.

        Raises:
            ValueRefused: the value has no JSON form.
        """
        from pydantic_core import PydanticSerializationError

        try:
            # By alias, since the schema has the names that models take and give in JSON.
            found = self._adapter.dump_python(value, mode="json", by_alias=True, warnings=False)
        except PydanticSerializationError as error:
            raise ValueRefused(f"{self.owner}: {error}") from error
        return cast(Json, found)


def without_titles(schema: Schema) -> Schema:
    """Leave out the titles that pydantic makes from names: noise in digests and messages."""
    return cast(Schema, _without_titles(schema))


def _without_titles(schema: Json) -> Json:
    if isinstance(schema, list):
        return [_without_titles(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept: dict[str, Json] = {}
    for key, value in schema.items():
        if key in ("properties", "$defs") and isinstance(value, dict):
            kept[key] = {name: _without_titles(part) for name, part in value.items()}
        elif key in ("const", "enum", "default", "examples"):
            kept[key] = value
        elif key != "title" or not isinstance(value, str):
            kept[key] = _without_titles(value)
    return kept
