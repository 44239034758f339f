"""The JSON Schema of the document: for `interlock schema`, editors, structured output of models.

It says what can be said in JSON Schema. What needs more (names that exist, expressions that parse,
graphs without circles) is said by the reader.
"""

from interlock.graph import kinds, nodes
from interlock.graph.identifiers import (
    ACTION,
    ACTION_CHARS_MAX,
    FIELD,
    ID,
    ID_CHARS_MAX,
    NAME,
    NAME_CHARS_MAX,
    PATTERN,
    RESERVED,
)
from interlock.graph.reader import VERSION
from interlock.values import Json, Schema

DRAFT = "https://json-schema.org/draft/2020-12/schema"
DURATION = r"^\s*[0-9]{1,12}(\.[0-9]{1,3})?(ms|s|m|h|d)\s*$"

_Object = dict[str, Json]

_BODY: _Object = {"type": "string", "description": "an entry of `graphs`, or a path"}
_REQUIRED = {"map": ("over",), "repeat": ("until", "max")}


def document_schema() -> Schema:
    """Make the schema of a document that this version of Interlock reads."""
    return {
        "$schema": DRAFT,
        "title": "Interlock graph",
        **_graph(required=["interlock", "name", "nodes"]),
        "$defs": {
            "schema": {"type": ["object", "boolean"], "description": "JSON Schema, draft 2020-12"},
            "owned": {
                "type": ["object", "boolean"],
                "description": "JSON Schema, draft 2020-12; with `subject`, whose the value is",
                "properties": {
                    "subject": {
                        "type": "string",
                        "minLength": 1,
                        "description": "CEL over `value` that gives a name, or a list of names",
                    }
                },
            },
            "expression": {
                "type": ["string", "boolean"],
                "description": "CEL, with or without ${{ }} around it; such as `inputs.x > 0`",
            },
            "expressions": _either("#/$defs/expression"),
            "duration": {"type": "string", "pattern": DURATION, "examples": ["250ms", "60s", "4h"]},
            "id": {
                "type": "string",
                "pattern": _whole(ID.pattern),
                "maxLength": ID_CHARS_MAX,
                "not": {"enum": [*sorted(RESERVED)]},
            },
            "ids": {"type": "array", "items": _ref("id"), "uniqueItems": True},
            "action": {
                "type": "string",
                "pattern": _whole(ACTION.pattern),
                "maxLength": ACTION_CHARS_MAX,
            },
            "retry": _retry(),
            "node": {"oneOf": [_ref(kind) for kind in kinds.KINDS]},
            **_kinds(),
            "body": {"oneOf": [_graph(required=["nodes"]), {"type": "string", "pattern": r"[./]"}]},
        },
    }


def _graph(*, required: list[Json]) -> _Object:
    return {
        "type": "object",
        "required": required,
        "additionalProperties": False,
        "properties": {
            "interlock": {"const": VERSION},
            "name": {
                "type": "string",
                "pattern": _whole(NAME.pattern),
                "maxLength": NAME_CHARS_MAX,
            },
            "description": {"type": "string", "minLength": 1},
            "types": _named(NAME.pattern, _ref("schema")),
            "inputs": _named(FIELD.pattern, _ref("owned")),
            "defaults": _closed({"timeout": _ref("duration"), "retry": _ref("retry")}),
            "graphs": _named(NAME.pattern, _ref("body")),
            "nodes": {
                "type": "object",
                "propertyNames": _ref("id"),
                "additionalProperties": _ref("node"),
            },
            "outputs": _named(
                FIELD.pattern,
                {
                    "description": "a template with ${{ }}; optional: {value: ..., optional: true}",
                },
            ),
        },
    }


def _kinds() -> _Object:
    found: _Object = {}
    own: dict[str, _Object] = {
        "call": {"call": _ref("action")},
        "graph": {"graph": _BODY},
        "map": {
            "map": _BODY,
            "over": {**_ref("expression"), "description": "the list to go over"},
            "as": {
                **_ref("id"),
                "description": "how `with` and `key` name the item",
                "default": "item",
            },
            "key": {**_ref("expression"), "description": "what names an item; unique"},
            "limit": _whole_number(1, kinds.MAP_LIMIT_MAX),
            "failures_max": _whole_number(0, kinds.FAILURES_MAX),
        },
        "propose": {
            "propose": _ref("action"),
            "actions": {
                "type": "array",
                "uniqueItems": True,
                "items": {"type": "string", "pattern": _whole(PATTERN.pattern)},
            },
            "repairs_max": _whole_number(0, kinds.REPAIRS_MAX),
        },
        **_waiting(),
    }
    common = _common()
    for kind, fields in own.items():
        shared = {name: common[name] for name in kinds.KINDS[kind].common if name in common}
        required = [kind, *_REQUIRED.get(kind, ())]
        found[kind] = {**_closed({**fields, **shared}), "required": list[Json](required)}
    return found


def _waiting() -> dict[str, _Object]:
    on_refused: list[Json] = [*kinds.ON_REFUSED]
    return {
        "repeat": {
            "repeat": _BODY,
            "carry": {
                "type": "object",
                "description": "inputs of the next turn, over `result`; others stay as in `with`",
            },
            "until": {**_ref("expression"), "description": "ends it when true; over `result`"},
            "max": {**_whole_number(1, kinds.TURNS_MAX), "description": "turns at most"},
            "on_max": {"enum": [*kinds.ON_MAX], "default": "fail"},
        },
        "wait": {"wait": _wait()},
        "gate": {"gate": _gate(), "on_refused": {"enum": on_refused, "default": "fail"}},
        "first_of": {"first_of": {**_ref("ids"), "minItems": 1}},
    }


def _wait() -> _Object:
    one_of: list[Json] = [{"required": ["signal"]}, {"required": ["for"]}]
    fields: _Object = {
        "signal": {**_ref("id"), "description": "the name of a signal; its payload is the output"},
        "for": {**_ref("duration"), "description": "how long; of a signal: its deadline"},
        "returns": {**_ref("owned"), "description": "what the payload must satisfy"},
    }
    return {**_closed(fields), "anyOf": one_of, "dependentRequired": {"returns": ["signal"]}}


def _gate() -> _Object:
    fields: _Object = {
        "to": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "uniqueItems": True,
            "description": "the roles or persons that may decide; anybody, unless given",
        },
        "ask": {"type": "string", "minLength": 1, "description": "a text; may hold ${{ }}"},
        "for": {**_ref("ids"), "description": "the nodes that it allows"},
        "bounds": {
            "type": "object",
            "additionalProperties": _ref("expression"),
            "description": "conditions over `args` of nodes whose arguments come later",
        },
        "quorum": _whole_number(1, kinds.QUORUM_MAX),
        "expires": _ref("duration"),
    }
    return {**_closed(fields), "required": ["ask"]}


def _undo() -> _Object:
    arguments: _Object = {"type": "object", "description": "may read `result` and `args`"}
    return {**_closed({"call": _ref("action"), "with": arguments}), "required": ["call"]}


def _common() -> _Object:
    return {
        "with": {"type": "object", "description": "arguments; texts may hold ${{ }}"},
        "needs": {**_ref("ids"), "description": "nodes that must have succeeded"},
        "after": {**_ref("ids"), "description": "nodes that must have settled"},
        "when": {**_ref("expression"), "description": "skips the node when false"},
        "require": {**_ref("expressions"), "description": "fails the node when false, before"},
        "ensure": {
            **_ref("expressions"),
            "description": "fails the node when false, after; `result`",
        },
        "retry": _ref("retry"),
        "timeout": {**_ref("duration"), "description": "of one attempt"},
        "deadline": {**_ref("duration"), "description": "of the node with its retries"},
        "on_error": {"enum": [*nodes.ON_ERROR]},
        "returns": {**_ref("owned"), "description": "what the output must satisfy"},
        "undo": {**_undo(), "description": "takes the effect of the node back"},
    }


def _retry() -> _Object:
    return _closed(
        {
            "attempts": _whole_number(1, nodes.ATTEMPTS_MAX),
            "delay": _ref("duration"),
            "backoff": {"type": "number", "minimum": 1, "maximum": nodes.BACKOFF_MAX},
            "delay_max": _ref("duration"),
            "feedback": {"type": "boolean"},
        }
    )


# --- pieces


def _ref(name: str) -> _Object:
    return {"$ref": f"#/$defs/{name}"}


def _whole(pattern: str) -> str:
    return f"^(?:{pattern})$"


def _closed(properties: _Object) -> _Object:
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _named(pattern: str, inner: _Object) -> _Object:
    names: _Object = {"pattern": _whole(pattern), "maxLength": NAME_CHARS_MAX}
    return {"type": "object", "propertyNames": names, "additionalProperties": inner}


def _whole_number(low: int, high: int) -> _Object:
    return {"type": "integer", "minimum": low, "maximum": high}


def _either(ref: str) -> _Object:
    return {"oneOf": [{"$ref": ref}, {"type": "array", "items": {"$ref": ref}}]}
