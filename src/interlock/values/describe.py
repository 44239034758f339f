"""Short words for schemas, for messages."""

from interlock.values.names import Json
from interlock.values.places import shown_json
from interlock.values.schema import Schema, as_list, as_schema, as_table, target

FIELDS_SHOWN_MAX = 6
BRANCHES_SHOWN_MAX = 6
DEPTH_SHOWN_MAX = 3
LENGTH_MAX = 120


def describe(schema: Schema) -> str:
    """Describe a schema in a few words.

    Such as "list of string", "object with id, url?", "date or null". Optional fields carry a
    question mark. Only what tells types apart is said; bounds are not.
    """
    words = _Words(schema).of(schema, DEPTH_SHOWN_MAX)
    return words if len(words) <= LENGTH_MAX else f"{words[: LENGTH_MAX - 4]} ..."


class _Words:
    def __init__(self, root: Schema) -> None:
        self.root = root

    def of(self, schema: Schema, depth: int) -> str:
        if isinstance(schema, bool):
            return "anything" if schema else "nothing"
        if "const" in schema:
            return shown_json(schema["const"])
        if "enum" in schema:
            return _any_of([shown_json(value) for value in as_list(schema["enum"])])
        ref = schema.get("$ref")
        if isinstance(ref, str):
            return self.reference(ref, depth)
        for keyword in ("anyOf", "oneOf"):
            if keyword in schema:
                branches = as_list(schema[keyword])
                return _any_of([self.of(as_schema(one), depth) for one in branches])
        declared = schema.get("type", _implied_type(schema))
        if isinstance(declared, list):
            return _any_of([self.of_type(name, schema, depth) for name in declared])
        if declared is None and "allOf" in schema:
            parts = [self.of(as_schema(one), depth) for one in as_list(schema["allOf"])]
            telling = [part for part in dict.fromkeys(parts) if part != "anything"]
            return " and ".join(telling) or "anything"
        return "anything" if declared is None else self.of_type(declared, schema, depth)

    def reference(self, ref: str, depth: int) -> str:
        """Describe what is referred to; deep down, and in a recursive schema, by its name."""
        aim = target(self.root, ref)
        if aim is None or depth == 0:
            return "itself" if ref == "#" else ref.rpartition("/")[2]
        return self.of(aim, depth - 1)

    def of_type(self, name: Json, schema: dict[str, Json], depth: int) -> str:
        if name == "array":
            return self.array(schema, depth)
        if name == "object":
            return self.object(schema, depth)
        form = schema.get("format")
        return form if name == "string" and isinstance(form, str) else str(name)

    def array(self, schema: dict[str, Json], depth: int) -> str:
        prefix = as_list(schema.get("prefixItems"))
        if depth == 0:
            return "list"
        if prefix:
            parts = [self.of(as_schema(one), depth - 1) for one in prefix]
            return f"list of exactly {', '.join(parts)}"
        items = self.of(as_schema(schema.get("items", True)), depth - 1)
        if items == "anything":
            return "list"
        return f"list of ({items})" if " or " in items else f"list of {items}"

    def object(self, schema: dict[str, Json], depth: int) -> str:
        properties = as_table(schema.get("properties"))
        if properties:
            required = as_list(schema.get("required"))
            names = [name if name in required else f"{name}?" for name in properties]
            more = ["..."] if len(names) > FIELDS_SHOWN_MAX else []
            return f"object with {', '.join(names[:FIELDS_SHOWN_MAX] + more)}"
        rest = as_schema(schema.get("additionalProperties", True))
        if rest is False:
            return "empty object"
        words = "anything" if depth == 0 else self.of(rest, depth - 1)
        return "object" if words == "anything" else f"object of {words}"


def _implied_type(schema: dict[str, Json]) -> str | None:
    """Guess the type that was meant where keywords of only one type are used."""
    if "properties" in schema or "additionalProperties" in schema or "required" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema:
        return "array"
    return None


def _any_of(words: list[str]) -> str:
    """Join alternatives, null last."""
    distinct = [word for word in dict.fromkeys(words) if word != "null"]
    if len(distinct) > BRANCHES_SHOWN_MAX:
        distinct = [*distinct[:BRANCHES_SHOWN_MAX], "..."]
    if "null" in words:
        distinct.append("null")
    return " or ".join(distinct) or "nothing"
