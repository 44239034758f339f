"""The schema of a result: what the type checker found, and more where the tree says more.

CEL knows `map(string, dyn)` where the author wrote `{'id': a.id}`. Literals, references, `? :` and
`orValue` keep what is known of their parts, so that an edge can be checked against what it feeds.
"""

import re
from collections.abc import Callable, Mapping

from interlock.graph.expressions.analysis import chain_steps
from interlock.graph.expressions.checked import CheckedExpr, Expr, TypeMessage
from interlock.graph.expressions.references import Step
from interlock.values import Json, Schema, canonical, select, standing_alone

# cel.expr.Type.PrimitiveType and WellKnownType
_PRIMITIVES: dict[int, Json] = {1: "boolean", 2: "integer", 4: "number", 5: "string"}
_UNFIT_PRIMITIVES = {3: "an unsigned integer", 6: "bytes"}
_UNFIT_WELL_KNOWN = {2: "a timestamp", 3: "a duration"}

_ELSEWHERE = re.compile(rb'"\$ref":"(?!#/\$defs/)')

Follow = Callable[[str, tuple[Step, ...]], Schema]


class Inference:
    """Finds the schemas of parts of one checked tree.

    `follow` gives the schema of a reference, `records` the schemas of messages.
    """

    def __init__(self, tree: CheckedExpr, *, records: Mapping[str, Schema], follow: Follow) -> None:
        self._tree = tree
        self._types = {entry.key: entry.value for entry in tree.type_map}
        self._records = records
        self._follow = follow
        self._definitions: dict[str, Json] = {}
        self._items: dict[str, Schema] = {}

    def type_of(self, expr: Expr) -> TypeMessage | None:
        """Return the type that the checker found; None for anything."""
        return self._types.get(expr.id)

    def result(self) -> Schema:
        """Return the schema of the whole expression; it stands alone."""
        schema = self._schema_of(self._tree.expr)
        return standing_alone(schema, {"$defs": self._definitions})

    def _schema_of(self, expr: Expr) -> Schema:
        steps = chain_steps(expr)
        if steps is not None and steps.optional_from is None:
            if steps.name in self._items and not steps.is_outermost:
                return self._embedded(select(self._items[steps.name], steps.path).schema)
            return self._embedded(self._follow(steps.name, steps.path))
        match expr.WhichOneof("expr_kind"):
            case "const_expr":
                return self._constant(expr)
            case "struct_expr":
                return self._object(expr)
            case "list_expr":
                return self._list(expr)
            case "call_expr":
                return self._call(expr)
            case "comprehension_expr":
                return self._comprehension(expr)
            case _:
                return self._of_type(self.type_of(expr))

    def _comprehension(self, expr: Expr) -> Schema:
        """Look into `map` and `filter`, which add one element of a list after the other."""
        loop = expr.comprehension_expr
        added = _added(loop.loop_step, loop.accu_var)
        if added is None:
            return self._of_type(self.type_of(expr))
        ranged = self._schema_of(loop.iter_range)
        whole: Schema = (
            ranged if isinstance(ranged, bool) else {**ranged, "$defs": self._definitions}
        )
        outer = dict(self._items)
        self._items[loop.iter_var] = select(whole, (0,)).schema
        items = self._schema_of(added)
        self._items = outer
        return {"type": "array", "items": items}

    def _embedded(self, schema: Schema) -> Schema:
        """Make a schema part of the result: its definitions move to the top, or it is left open."""
        if isinstance(schema, bool):
            return schema
        definitions = schema.get("$defs", {})
        if not isinstance(definitions, dict) or _ELSEWHERE.search(canonical(schema)):
            return True
        for name, definition in definitions.items():
            if self._definitions.setdefault(name, definition) != definition:
                return True
        return {key: value for key, value in schema.items() if key != "$defs"}

    def _constant(self, expr: Expr) -> Schema:
        kind = expr.const_expr.WhichOneof("constant_kind")
        if kind == "string_value":
            return {"const": expr.const_expr.string_value}
        if kind == "int64_value":
            return {"const": expr.const_expr.int64_value}
        return self._of_type(self.type_of(expr))

    def _object(self, expr: Expr) -> Schema:
        properties: dict[str, Json] = {}
        for entry in expr.struct_expr.entries:
            is_text = entry.map_key.const_expr.WhichOneof("constant_kind") == "string_value"
            if not is_text or entry.optional_entry:
                return self._of_type(self.type_of(expr))
            properties[entry.map_key.const_expr.string_value] = self._schema_of(entry.value)
        return {
            "type": "object",
            "properties": properties,
            "required": list[Json](sorted(properties)),
            "additionalProperties": False,
        }

    def _list(self, expr: Expr) -> Schema:
        elements = expr.list_expr.elements
        if expr.list_expr.optional_indices or not elements:
            return self._of_type(self.type_of(expr))
        items = either([self._schema_of(each) for each in elements])
        return {"type": "array", "items": items, "minItems": len(elements)}

    def _call(self, expr: Expr) -> Schema:
        call = expr.call_expr
        if call.function == "_?_:_":
            return either([self._schema_of(call.args[1]), self._schema_of(call.args[2])])
        if call.function == "orValue" and call.HasField("target"):
            steps = chain_steps(call.target)
            if steps is not None and steps.optional_from is not None:
                found = self._follow(steps.name, steps.path)
                return either([self._embedded(found), self._schema_of(call.args[0])])
        if call.function == "dyn" and not call.HasField("target"):
            return self._schema_of(call.args[0])
        return self._of_type(self.type_of(expr))

    def _of_type(self, found: TypeMessage | None) -> Schema:
        """Turn a type of CEL into a schema."""
        if found is None:
            return True
        match found.WhichOneof("type_kind"):
            case "primitive":
                return _named(found.primitive)
            case "wrapper":
                return either([_named(found.wrapper), {"type": "null"}])
            case "null":
                return {"type": "null"}
            case "list_type":
                return {"type": "array", "items": self._of_type(found.list_type.elem_type)}
            case "map_type":
                values = self._of_type(found.map_type.value_type)
                return {"type": "object", "additionalProperties": values}
            case "message_type":
                return self._embedded(self._records.get(found.message_type, True))
            case _:
                return True


def _added(step: Expr, accumulator: str) -> Expr | None:
    """Find what a step of `map` or `filter` adds: `list + [added]`, maybe on a condition."""
    call = step.call_expr
    if call.function == "_?_:_":
        return _added(call.args[1], accumulator)
    if call.function != "_+_" or call.args[0].ident_expr.name != accumulator:
        return None
    elements = call.args[1].list_expr.elements
    return elements[0] if len(elements) == 1 else None


def _named(primitive: int) -> Schema:
    return {"type": _PRIMITIVES[primitive]} if primitive in _PRIMITIVES else True


def unfit_result(found: TypeMessage | None) -> str | None:
    """Name the type of a result that is not JSON data; None for all others."""
    if found is None:
        return None
    match found.WhichOneof("type_kind"):
        case "primitive":
            return _UNFIT_PRIMITIVES.get(found.primitive)
        case "well_known":
            return _UNFIT_WELL_KNOWN.get(found.well_known)
        case "abstract_type":
            return "an optional value"
        case "type":
            return "a type"
        case _:
            return None


def either(schemas: list[Schema]) -> Schema:
    """Join the schemas of alternatives."""
    distinct = list({canonical(schema): schema for schema in schemas}.values())
    if len(distinct) == 1:
        return distinct[0]
    return True if True in distinct else {"anyOf": list(distinct)}
