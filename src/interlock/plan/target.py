"""What receives arguments: an action or a graph, with the schema of what it takes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from interlock.plan.openness import NOTES
from interlock.plan.schemas import has_default
from interlock.values import Json, Schema

SIMPLE = frozenset({"type", "properties", "required", "additionalProperties", "$defs"}) | NOTES


@dataclass(frozen=True, kw_only=True)
class Target:
    """What receives arguments: an action or a graph, with the schema of what it takes.

    Attributes:
        words: for messages: `` `ci.build` ``, `` graph `one` ``.
        noun: what it takes: arguments or inputs.
    """

    words: str
    schema: Schema
    noun: str = "argument"

    @cached_property
    def properties(self) -> Mapping[str, Schema]:
        """The declared arguments."""
        found = self.schema.get("properties") if isinstance(self.schema, dict) else None
        return found if isinstance(found, dict) else {}  # type: ignore[return-value]

    @cached_property
    def required(self) -> Sequence[str]:
        """The arguments that must be given."""
        found = self.schema.get("required") if isinstance(self.schema, dict) else None
        return [name for name in found if isinstance(name, str)] if isinstance(found, list) else []

    @cached_property
    def is_open(self) -> bool:
        """Whether arguments that are not declared are taken too."""
        return (
            not isinstance(self.schema, dict)
            or self.schema.get("additionalProperties") is not False
        )

    @cached_property
    def defaults(self) -> Mapping[str, Json]:
        """What stands for arguments that are not given, as it is written in a template."""
        return {
            name: verbatim(one["default"])
            for name, one in self.properties.items()
            if isinstance(one, dict) and has_default(one)
        }

    @cached_property
    def is_simple(self) -> bool:
        """Whether arguments that are right one by one are right together."""
        return isinstance(self.schema, bool) or self.schema.keys() <= SIMPLE


def verbatim(value: Json) -> Json:
    """Write a value so that a template takes it as it is."""
    match value:
        case str():
            return value.replace("${{", "$${{")
        case list():
            return [verbatim(one) for one in value]
        case dict():
            return {name: verbatim(one) for name, one in value.items()}
        case _:
            return value
