"""The schemas of what a graph takes and yields, put together from those of its parts."""

from collections.abc import Mapping, Sequence, Set as AbstractSet
from typing import get_args

from interlock.journal import NodeStatus
from interlock.values import Composition, Json, Schema

STATUSES: list[Json] = list(get_args(NodeStatus))
STRING: Schema = {"type": "string"}
NULL: Json = {"type": "null"}
COUNT: Json = {"type": "integer", "minimum": 0}
ERROR: Json = {
    "type": "object",
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
    "required": ["code", "message"],
}


def record(fields: Mapping[str, Schema], *, required: list[str]) -> Schema:
    """Make the schema of an object with exactly these fields."""
    composition = Composition()
    properties: dict[str, Json] = {name: composition.part(one) for name, one in fields.items()}
    return composition.whole(_closed(properties, required))


def _closed(properties: dict[str, Json], required: list[str]) -> dict[str, Json]:
    return {
        "type": "object",
        "properties": properties,
        "required": list[Json](required),
        "additionalProperties": False,
    }


def has_default(schema: Schema) -> bool:
    """Whether an input or argument of this schema may be left out."""
    return isinstance(schema, dict) and "default" in schema


def graph_inputs_schema(inputs: Mapping[str, Schema], *, filled_in: bool = False) -> Schema:
    """Make the schema of the inputs of a graph: an input with a default may be left out.

    With `filled_in`, as expressions see them: every input is there.
    """
    required = [name for name, one in inputs.items() if filled_in or not has_default(one)]
    return record(inputs, required=required)


def map_yields(outputs: Schema) -> Schema:
    """Make the schema of what a `map` yields."""
    composition = Composition()
    properties: dict[str, Json] = {
        "results": {"type": "array", "items": composition.part(outputs)},
        "failed": COUNT,
        "count": COUNT,
    }
    return composition.whole(_closed(properties, list(properties)))


def repeat_yields(outputs: Schema) -> Schema:
    """Make the schema of what a `repeat` yields: the outputs of the last turn, and `turns`."""
    composition = Composition()
    inner = composition.part(outputs)
    fields: dict[str, Json] = {"turns": {"type": "integer", "minimum": 1}}
    if isinstance(inner, bool):
        return composition.whole({"type": "object", "properties": fields, "required": ["turns"]})
    properties, required = inner.get("properties"), inner.get("required")
    fields |= properties if isinstance(properties, dict) else {}
    return composition.whole(_closed(fields, [*_names(required), "turns"]))


def _names(value: Json) -> list[str]:
    return [name for name in value if isinstance(name, str)] if isinstance(value, list) else []


def one_of_yields(outputs: Sequence[Schema]) -> Schema:
    """Make the schema of what a `first_of` yields: what any of its nodes does."""
    different = [one for at, one in enumerate(outputs) if one not in outputs[:at]]
    if len(different) == 1:
        return different[0]
    if not different or any(one in (True, {}) for one in different):
        return True
    composition = Composition()
    parts: list[Json] = [composition.part(one) for one in different]
    return composition.whole({"anyOf": parts})


def lenient_views(outputs: Mapping[str, Schema]) -> Schema:
    """Make the schema of `nodes`: a node exists however it settled, so its output may be null."""
    composition = Composition()
    views: dict[str, Json] = {}
    for name, schema in outputs.items():
        view: dict[str, Json] = {
            "status": {"enum": STATUSES},
            "output": {"anyOf": [composition.part(schema), NULL]},
            "error": {"anyOf": [ERROR, NULL]},
        }
        views[name] = _closed(view, list(view))
    return composition.whole({"type": "object", "properties": views, "required": list[Json](views)})


def template_schema(
    tree: Json, inferred: Mapping[str, Schema], *, texts: AbstractSet[str]
) -> Schema:
    """Make the schema of what data with expressions in it yields.

    Args:
        tree: the data.
        inferred: the schemas of the expressions that are whole values, by their pointers.
        texts: pointers of the strings that have expressions inside.
    """
    composition = Composition()

    def schema_of(tree: Json, pointer: str) -> Schema:
        if pointer in inferred:
            return composition.part(inferred[pointer])
        if pointer in texts:
            return STRING
        match tree:
            case dict():
                parts: dict[str, Json] = {
                    name: schema_of(one, f"{pointer}/{escaped(name)}") for name, one in tree.items()
                }
                return _closed(parts, list(parts))
            case list() if tree:
                items: list[Json] = [
                    schema_of(one, f"{pointer}/{index}") for index, one in enumerate(tree)
                ]
                return {
                    "type": "array",
                    "prefixItems": items,
                    "items": False,
                    "minItems": len(items),
                }
            case _:
                return {"const": unescaped(tree)}

    made = schema_of(tree, "")
    return made if isinstance(made, bool) else composition.whole(made)


def unescaped(value: Json) -> Json:
    """Give what a value without expressions stands for: `$${{` is `${{`."""
    match value:
        case str():
            return value.replace("$${{", "${{")
        case list():
            return [unescaped(one) for one in value]
        case dict():
            return {name: unescaped(one) for name, one in value.items()}
        case _:
            return value


def escaped(name: str) -> str:
    """Escape a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")
