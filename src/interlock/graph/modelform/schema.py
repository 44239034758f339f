"""The JSON Schema of the model form, specialised to the actions that a graph may use.

It keeps to what strict structured output accepts: every object is closed, every field required,
nothing is open; `anyOf`, `enum` and `$ref` are the only other keywords. What may be left out is
null, or an entry of a list that is not there.
"""

from collections.abc import Collection
from typing import Any

from interlock.actions import Manifest, Manifests
from interlock.errors import UsageError
from interlock.graph.kinds import ON_MAX, ON_REFUSED
from interlock.graph.modelform.shapes import NULL, REFERENCE, VALUE, Fields, closed, fields_of
from interlock.graph.modelform.types import type_schemas
from interlock.graph.nodes import ON_ERROR
from interlock.values import Json, Schema

PROPERTIES_MAX = 5_000
TEXT: Json = {"type": "string"}
TEXTS: Json = {"type": "array", "items": TEXT}
TYPE: Json = {"$ref": "#/$defs/type"}
RETRY = ("attempts", "delay", "backoff", "delay_max", "feedback")

# The fields of each kind besides `id`, `with` and `options`, with what stands for "left out".
KINDS: dict[str, dict[str, Json]] = {
    "call": {},
    "graph": {},
    "map": {"over": None, "as": None, "key": None, "limit": None, "failures_max": None},
    "propose": {"actions": [], "repairs_max": None},
    "repeat": {"carry": {}, "until": "", "max": 1, "on_max": None},
    "wait": {},
    "gate": {"on_refused": None},
    "first_of": {},
}
WAIT = ("signal", "for", "returns")
GATE: dict[str, Json] = {
    "ask": "",
    "to": [],
    "for": [],
    "bounds": {},
    "quorum": None,
    "expires": None,
}

WORDS = """\
A graph of nodes. A node starts when all nodes that it refers to have succeeded. A value is a
literal, or a reference such as {"ref": "inputs.day"} or {"ref": "page.body.title"}: a CEL
expression over `inputs` and the outputs of other nodes, by their ids. A text may hold expressions:
"Hello ${{ inputs.name }}". Ids are small letters, digits and `_`, a letter first."""


def model_schema(manifests: Manifests, *, inputs: Collection[str] = ()) -> Schema:
    """Make the schema of graphs that use these actions, for strict structured output.

    Args:
        manifests: the actions that a graph may use.
        inputs: the only names that inputs may have; without them, any.

    Raises:
        UsageError: the actions have more arguments than any endpoint takes.
    """
    count = sum(len(split_arguments(each)[0].known) for each in manifests.values())
    if count > PROPERTIES_MAX:
        raise UsageError(
            f"the {len(manifests)} actions have {count:,} arguments; a model is given at most"
            f" {PROPERTIES_MAX:,}",
            hint="offer fewer actions, for example with `actions` of the `propose` node",
        )
    names: Json = {"type": "string", "enum": [*sorted(inputs)]} if inputs else TEXT
    nodes: list[Json] = [_ref(_place(name)) for name in sorted(manifests)]
    nodes += [_ref(f"{name}_node") for name in ("graph", "map", *_flow())]
    nodes += [_ref("propose_node")] if manifests else []
    return {
        "description": WORDS,
        **closed({"interlock": {"type": "integer", "enum": [1]}, **_graph_fields(names)}),
        "$defs": {
            **{_place(name): _call(manifests[name]) for name in sorted(manifests)},
            **_kinds(manifests),
            "node": {"anyOf": nodes},
            "graph": closed(_graph_fields(TEXT)),
            "option": {"anyOf": [closed({name: each}) for name, each in _options().items()]},
            "retry": _retry(),
            **_values(),
            **type_schemas(),
        },
    }


def split_arguments(manifest: Manifest) -> tuple[Fields, bool]:
    """Give the arguments that an action names, and whether it takes others too."""
    schema = manifest.arguments
    if not isinstance(schema, dict):
        return Fields(known={}, required=frozenset()), True
    is_open = schema.get("additionalProperties", True) is not False
    return fields_of(schema, schema), is_open


def _graph_fields(inputs: Json) -> dict[str, Json]:
    named = {"name": TEXT, "type": TYPE}
    return {
        "name": _told(TEXT, "letters, digits, `_` and `-`"),
        "description": TEXT,
        "types": _list(closed(named)),
        "inputs": _list(closed({**named, "name": inputs})),
        "defaults": _or_null(closed({"timeout": _or_null(TEXT), "retry": _or_null(_ref("retry"))})),
        "graphs": _list(closed({"name": TEXT, "graph": _ref("graph")})),
        "nodes": _list(_ref("node")),
        "outputs": _list(
            closed({"name": TEXT, "value": VALUE, "optional": {"type": "boolean"}}),
        ),
    }


def _call(manifest: Manifest) -> Json:
    """Make the schema of a node that calls this action."""
    fields, is_open = split_arguments(manifest)
    own: dict[str, Json] = {
        "call": {"type": "string", "enum": [manifest.name]},
        "id": TEXT,
        "with": fields.table(),
    }
    if is_open:
        own["with_more"] = _list(_ref("argument"))
    schema = closed({**own, "options": _list(_ref("option"))})
    words = " ".join(part for part in (f"[{manifest.effect}]", manifest.description) if part)
    return {"description": words, **schema}


def _kinds(manifests: Manifests) -> dict[str, Json]:
    """Make the schemas of the other kinds of nodes."""
    end: dict[str, Json] = {
        "with": _list(_ref("argument")),
    }
    options: dict[str, Json] = {"options": _list(_ref("option"))}
    whole: Json = {"type": "integer"}
    body: dict[str, Json] = {"graph": _told(TEXT, "an entry of `graphs`"), "id": TEXT, **end}
    over: dict[str, Json] = {
        "map": _told(TEXT, "an entry of `graphs`"),
        "id": TEXT,
        **end,
        "over": _told(TEXT, "a CEL expression: the list to go over"),
        "as": _told(_or_null(TEXT), "how `with` and `key` name the item; null: `item`"),
        "key": _or_null(TEXT),
        "limit": _or_null(whole),
        "failures_max": _or_null(whole),
    }
    found: dict[str, Json] = {
        "argument": closed({"name": TEXT, "value": VALUE}),
        "graph_node": closed({**body, **options}),
        "map_node": closed({**over, **options}),
        **{f"{kind}_node": closed({**own, **options}) for kind, own in _flow().items()},
    }
    if manifests:
        proposing: dict[str, Json] = {
            "propose": {"type": "string", "enum": [*sorted(manifests)]},
            "id": TEXT,
            **end,
            "actions": _told(TEXTS, "patterns of what the proposal may use; empty: all of these"),
            "repairs_max": _or_null(whole),
        }
        found["propose_node"] = closed({**proposing, **options})
    return found


def _flow() -> dict[str, dict[str, Json]]:
    """Give the fields of nodes that go round, wait, ask and choose."""
    arguments = _list(_ref("argument"))
    bound = closed({"name": TEXT, "value": _told(TEXT, "a CEL expression over `args`")})
    wait: Json = closed(
        {"signal": _or_null(TEXT), "for": _or_null(TEXT), "returns": _or_null(TYPE)}
    )
    gate: Json = closed(
        {
            "ask": _told(TEXT, "what persons see; may hold expressions"),
            "to": _told(TEXTS, "the roles or persons that may decide; empty: anybody"),
            "for": _told(TEXTS, "ids of the nodes that it allows; empty: all that need it"),
            "bounds": _list(bound),
            "quorum": _or_null({"type": "integer"}),
            "expires": _or_null(TEXT),
        }
    )
    return {
        "repeat": {
            "repeat": _told(TEXT, "an entry of `graphs`"),
            "id": TEXT,
            "with": _told(arguments, "inputs of the first turn"),
            "carry": _told(arguments, "inputs of the next turn, over `result`; others stay"),
            "until": _told(TEXT, "a CEL expression over `result`: ends it when true"),
            "max": _told({"type": "integer"}, "turns at most"),
            "on_max": _or_null({"type": "string", "enum": [*ON_MAX]}),
        },
        "wait": {"wait": wait, "id": TEXT},
        "gate": {
            "gate": gate,
            "id": TEXT,
            "on_refused": _or_null({"type": "string", "enum": [*ON_REFUSED]}),
        },
        "first_of": {"first_of": _told(TEXTS, "ids of nodes"), "id": TEXT},
    }


def _options() -> dict[str, Json]:
    """Give what a node may say besides its kind."""
    condition: Json = {"type": "array", "items": TEXT, "description": "CEL expressions"}
    return {
        "needs": _told(TEXTS, "ids of nodes that must have succeeded"),
        "after": _told(TEXTS, "ids of nodes that must have settled"),
        "when": _told(TEXT, "a CEL expression; the node is skipped when it is false"),
        "require": condition,
        "ensure": _told(condition, "CEL expressions over `result`; they must be true"),
        "retry": _ref("retry"),
        "timeout": _told(TEXT, "of one attempt: 250ms, 30s, 10m, 4h, 3d"),
        "deadline": _told(TEXT, "of the node with its retries"),
        "on_error": {"type": "string", "enum": [*ON_ERROR]},
        "returns": TYPE,
        "undo": closed({"call": TEXT, "with": _list(_ref("argument"))}),
    }


def _retry() -> Json:
    kinds: dict[str, Json] = {
        "attempts": {"type": "integer"},
        "delay": TEXT,
        "backoff": {"type": "number"},
        "delay_max": TEXT,
        "feedback": {"type": "boolean"},
    }
    return closed({name: _or_null(kinds[name]) for name in RETRY})


def _values() -> dict[str, Json]:
    entry = closed({"key": TEXT, "value": VALUE})
    literals: list[Json] = [
        TEXT,
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": VALUE},
        closed({"map": _list(entry)}),
        NULL,
        REFERENCE,
    ]
    return {
        "value": {"anyOf": literals},
        "reference": closed({"ref": _told(TEXT, "a CEL expression, such as `page.body.id`")}),
        "null": closed({"null": {"type": "boolean", "enum": [True]}}),
    }


# --- pieces


def _place(action: str) -> str:
    """Name the definition of an action: no name of an action has two dots in a row."""
    return f"call.{action.replace('/', '..')}"


def _ref(name: str) -> dict[str, Json]:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Json) -> Json:
    return {"type": "array", "items": items}


def _or_null(schema: Json) -> dict[str, Json]:
    return {"anyOf": [schema, {"type": "null"}]}


def _told(schema: Any, words: str) -> Json:
    """Add a description; never beside `$ref`, where nothing may stand."""
    return {"description": words, **schema}
