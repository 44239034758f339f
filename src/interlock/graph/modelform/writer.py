"""From a document to the model form."""

from collections.abc import Mapping
from typing import cast

from interlock.actions import Manifest, Manifests
from interlock.errors import DocumentInvalid
from interlock.graph.kinds import KINDS as DOCUMENT_KINDS
from interlock.graph.modelform.schema import GATE, KINDS, RETRY, WAIT, split_arguments
from interlock.graph.modelform.shapes import Unfit
from interlock.graph.modelform.types import type_form
from interlock.graph.modelform.values import value_form
from interlock.graph.reader import is_declaration, read_graph
from interlock.graph.writer import to_document
from interlock.values import Json


def to_model_form(document: Json, manifests: Manifests) -> dict[str, Json]:
    """Write a document in the model form.

    It satisfies `model_schema(manifests)` when the graph's actions are among the manifests and its
    literal arguments have their types.

    Args:
        document: the tree of a document, in the ordinary form.
        manifests: the actions, whose arguments are written the way the schema asks for.

    Raises:
        DocumentInvalid: the document is no graph.
    """
    graph, diagnostics = read_graph(document)
    if graph is None:
        raise DocumentInvalid(diagnostics)
    return {"interlock": 1, **_graph(to_document(graph), manifests)}


def _graph(document: dict[str, Json], manifests: Manifests) -> dict[str, Json]:
    def local(name: str, body: Json) -> Json:
        return {"name": name, "graph": _graph({"name": name, **_table(body)}, manifests)}

    return {
        "name": document["name"],
        "description": document.get("description", ""),
        "types": [_typed(n, s) for n, s in _table(document.get("types")).items()],
        "inputs": [_typed(n, s) for n, s in _table(document.get("inputs")).items()],
        "defaults": _defaults(document.get("defaults")),
        "graphs": [local(n, b) for n, b in _table(document.get("graphs")).items()],
        "nodes": [_node(i, _table(n), manifests) for i, n in _table(document["nodes"]).items()],
        "outputs": [_output(n, v) for n, v in _table(document.get("outputs")).items()],
    }


def _typed(name: str, schema: Json) -> Json:
    return {"name": name, "type": type_form(schema)}


def _defaults(defaults: Json) -> Json:
    if not isinstance(defaults, dict):
        return None
    return {"timeout": defaults.get("timeout"), "retry": _retry(defaults.get("retry"))}


def _retry(retry: Json) -> Json:
    return {name: retry.get(name) for name in RETRY} if isinstance(retry, dict) else None


def _output(name: str, value: Json) -> Json:
    declared = is_declaration(value)
    inner = value["value"] if declared else value
    optional = bool(value["optional"]) if declared else False
    return {"name": name, "value": value_form(inner), "optional": optional}


def _node(id_: str, node: dict[str, Json], manifests: Manifests) -> Json:
    kind = next(name for name in KINDS if name in node)
    form: dict[str, Json] = {kind: _kind(kind, node[kind]), "id": id_}
    if "with" in DOCUMENT_KINDS[kind].common:
        given = _table(node.get("with"))
        manifest = manifests.get(str(node[kind])) if kind == "call" else None
        form |= _named(given) if manifest is None else _arguments(given, manifest)
    for name, empty in KINDS[kind].items():
        value = node.get(name, empty)
        form[name] = _named(_table(value))["with"] if name == "carry" else value
    rest = [name for name in node if name not in (kind, "with", *KINDS[kind])]
    form["options"] = [_option(name, node[name]) for name in rest]
    return form


def _kind(kind: str, value: Json) -> Json:
    """Write the field that says the kind; some are mappings."""
    inner = _table(value)
    if kind == "wait":
        returns = type_form(inner["returns"]) if "returns" in inner else None
        return {**{name: inner.get(name) for name in WAIT}, "returns": returns}
    if kind == "gate":
        bounds: list[Json] = [
            {"name": name, "value": bound} for name, bound in _table(inner.get("bounds")).items()
        ]
        return {**{name: inner.get(name, empty) for name, empty in GATE.items()}, "bounds": bounds}
    return value


def _arguments(given: Mapping[str, Json], manifest: Manifest) -> dict[str, Json]:
    """Write arguments as the schema of the action asks for, or by name when they do not fit it."""
    fields, is_open = split_arguments(manifest)
    known = {name: value for name, value in given.items() if name in fields.known}
    more = {name: value for name, value in given.items() if name not in fields.known}
    try:
        row = fields.row(known)
    except Unfit:
        return _named(given)
    if more and not is_open:
        return _named(given)
    return {"with": row, "with_more": _named(more)["with"]} if is_open else {"with": row}


def _named(given: Mapping[str, Json]) -> dict[str, Json]:
    return {"with": [{"name": name, "value": value_form(part)} for name, part in given.items()]}


def _option(name: str, value: Json) -> Json:
    match name:
        case "returns":
            return {name: type_form(value)}
        case "retry":
            return {name: _retry(value)}
        case "undo":
            undo = _table(value)
            return {name: {"call": undo["call"], **_named(_table(undo.get("with")))}}
        case "require" | "ensure":
            return {name: value if isinstance(value, list) else [value]}
        case _:
            return {name: value}


def _table(value: Json) -> dict[str, Json]:
    return cast("dict[str, Json]", value) if isinstance(value, dict) else {}
