"""What to do about an edge whose types do not fit."""

from interlock.graph import Expression, path_text
from interlock.plan.words import words
from interlock.values import Json, Schema, covers, immutable, select

FIELDS_SHOWN_MAX = 3
NO_FIELD = "\0"
CONVERSIONS: dict[tuple[str, str], str] = {
    ("integer", "string"): "string",
    ("number", "string"): "string",
    ("boolean", "string"): "string",
    ("string", "integer"): "int",
    ("string", "number"): "double",
    ("string", "boolean"): "bool",
    ("number", "integer"): "int",
}
TYPES = ("integer", "number", "string", "boolean", "array", "object")


@immutable()
class Misfit:
    """An expression that yields what is not accepted."""

    wanted: Schema
    produced: Schema
    expression: Expression

    @property
    def shown(self) -> str:
        """The source."""
        return self.expression.source.strip()


def advice(misfit: Misfit) -> str:
    """Say what to do."""
    for proposal in (_instead_of_null, _conversion, _part, _into_list, _enumerated, _narrower):
        found = proposal(misfit)
        if found is not None:
            return found
    return "convert it: in an expression, or in an action between the two"


def _instead_of_null(misfit: Misfit) -> str | None:
    if covers({"type": "null"}, misfit.produced) == "yes":
        return None
    never_null: Schema = {"allOf": [misfit.produced, {"not": {"type": "null"}}]}
    if "$defs" in str(misfit.produced) or covers(misfit.wanted, never_null) != "yes":
        return None
    shown = misfit.shown
    if not misfit.expression.plain:
        return "a part of it may be null: test that part, as in `x != null ? x : …`"
    return f"say what stands for null: `{shown} != null ? {shown} : …`"


def _conversion(misfit: Misfit) -> str | None:
    function = CONVERSIONS.get((_type(misfit.produced), _type(misfit.wanted)))
    if function is None:
        return None
    convert = f"convert it: `{function}({misfit.shown})`"
    name = _input_of(misfit)
    return (
        f"declare the input `{name}` as {words(misfit.wanted)}, or {convert}" if name else convert
    )


def _part(misfit: Misfit) -> str | None:
    """Propose a part of what is given."""
    kind, wanted = _type(misfit.produced), misfit.wanted
    if kind == "array" and _type(wanted) != "array":
        item = select(misfit.produced, (0,)).schema
        paths = _fitting(wanted, item, f"{misfit.shown}[0]")
        if paths:
            return f"go over it with `map`, or read one item: {' or '.join(paths)}"
    elif kind == "object":
        paths = _fitting(wanted, misfit.produced, misfit.shown)
        if paths:
            return f"read a field of it: {' or '.join(paths)}"
        if _type(wanted) not in ("object", "array"):
            return f"read a field of it, such as `{misfit.shown}.name`"
    return None


def _fitting(wanted: Schema, given: Schema, shown: str) -> list[str]:
    """List the paths, of at most one step, that lead to what fits."""
    if covers(wanted, given) == "yes":
        return [f"`{shown}`"]
    # A field that nobody declares is not found, and those that are declared are told.
    names = select(given, (NO_FIELD,)).fields
    fitting = [name for name in names if _fits_field(wanted, given, name)]
    return [f"`{path_text(shown, (name,))}`" for name in fitting[:FIELDS_SHOWN_MAX]]


def _fits_field(wanted: Schema, given: Schema, name: str) -> bool:
    found = select(given, (name,))
    return found.present == "always" and covers(wanted, found.schema) == "yes"


def _into_list(misfit: Misfit) -> str | None:
    if _type(misfit.wanted) != "array":
        return None
    if _type(misfit.produced) != "array":
        fits = covers(select(misfit.wanted, (0,)).schema, misfit.produced) == "yes"
        return f"make a list of it: `[{misfit.shown}]`" if fits else None
    if _type(select(misfit.wanted, (0,)).schema) != "object":
        return None
    names = select(misfit.wanted, (0,)).schema
    required = names.get("required") if isinstance(names, dict) else None
    fields = ", ".join(f"'{name}': …" for name in required) if isinstance(required, list) else "…"
    if not misfit.expression.plain:
        return f"make each item {{{fields}}}"
    return f"build each item: `{misfit.shown}.map(x, {{{fields}}})`"


def _enumerated(misfit: Misfit) -> str | None:
    """Where some values pass and others do not, yield only the ones that do."""
    is_listed = isinstance(misfit.wanted, dict) and not {"enum", "const"}.isdisjoint(misfit.wanted)
    name = _input_of(misfit)
    if not is_listed or name is not None:
        return None
    return f"let it yield only {words(misfit.wanted)}"


def _narrower(misfit: Misfit) -> str | None:
    """Where the types agree and bounds do not, the source may promise more."""
    name, kind = _input_of(misfit), _type(misfit.produced)
    if kind and kind != _type(misfit.wanted):
        return None
    if name:
        return f"declare the input `{name}` as {words(misfit.wanted)}"
    if kind == "object":
        return "write the object field by field in `with`"
    root = misfit.expression.references[0] if misfit.expression.plain else None
    if root is not None and root.root == "node":
        return f"if `{root.name}` promises more than is declared, say so in its `returns`"
    return "declare more where the value comes from, or make it with an action"


def _input_of(misfit: Misfit) -> str | None:
    """The input that is passed on as it is."""
    reference = misfit.expression.references[0] if misfit.expression.plain else None
    if reference is None or reference.root != "inputs" or len(reference.path) != 1:
        return None
    return str(reference.path[0])


def _type(schema: Schema) -> str:
    """The one JSON type of a schema; empty when there are several or it is not known."""
    declared: Json = schema.get("type") if isinstance(schema, dict) else None
    if isinstance(declared, str):
        return declared
    found = [name for name in TYPES if covers({"type": name}, schema) == "yes"]
    return found[0] if found else ""
