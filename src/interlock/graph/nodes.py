"""Nodes from their mappings: one kind each, every field checked."""

from collections.abc import Collection, Mapping
from typing import Required, TypedDict

from interlock.errors import Diagnostic
from interlock.graph.conditions import read_expression, read_expressions
from interlock.graph.durations import read_duration
from interlock.graph.fields import Problems, Section
from interlock.graph.identifiers import (
    ACTION,
    ACTION_CHARS_MAX,
    PATTERN,
    did_you_mean,
    id_problem,
    near,
    too_long,
)
from interlock.graph.model import (
    AnyNode,
    CallNode,
    GraphNode,
    MapNode,
    OnError,
    ProposeNode,
    Retry,
)
from interlock.graph.scan import escape
from interlock.graph.schemas import read_schema
from interlock.graph.showing import bare
from interlock.values import Json, NodeId, Schema

ATTEMPTS_MAX = 100
MAP_LIMIT_MAX = 10_000
FAILURES_MAX = 1_000_000
REPAIRS_MAX = 25
BACKOFF_MAX = 100.0

BUILT = ("call", "graph", "map", "propose")
KINDS: dict[str, tuple[str, ...]] = {
    "call": (),
    "graph": (),
    "map": ("over", "as", "key", "limit", "failures_max"),
    "propose": ("actions", "repairs_max"),
    "repeat": ("carry", "until", "max", "on_max"),
    "wait": (),
    "gate": ("on_refused",),
}
COMMON = (
    *("with", "needs", "after", "when", "require", "ensure", "retry", "timeout", "deadline"),
    *("on_error", "returns", "cache", "undo"),
)
RETRY = ("attempts", "delay", "backoff", "delay_max", "feedback")
ON_ERROR: tuple[OnError, ...] = ("fail", "continue")
_NOT_BUILT = {
    "repeat": "use `map`, or a fixed number of nodes",
    "wait": "start the graph when it is due",
    "gate": "split the graph where a person decides",
    "cache": "remove it",
    "undo": "remove it, and undo by hand or in a graph of its own",
}
_KIND_FIELDS = {name: kind for kind, names in KINDS.items() for name in names}
_KNOWN = {kind: (kind, *names, *COMMON) for kind, names in KINDS.items()}
_KNOWN_SETS = {kind: frozenset(names) for kind, names in _KNOWN.items()}


class Common(TypedDict, total=False):
    """The fields of every kind of node, as far as they are given."""

    id: Required[NodeId]
    needs: tuple[NodeId, ...]
    after: tuple[NodeId, ...]
    when: str | None
    require: tuple[str, ...]
    ensure: tuple[str, ...]
    retry: Retry | None
    timeout_ms: int | None
    deadline_ms: int | None
    on_error: OnError
    with_: Mapping[str, Json]
    returns: Schema | None


def read_node(
    section: Section, id_: NodeId, *, ids: Collection[str], types: Collection[str]
) -> AnyNode | None:
    """Read a node; None when it is of no kind that can be built."""
    kind = _kind(section)
    if kind is None:
        return None
    _refuse_unknown(section, kind)
    common = _common(section, id_, types=types)
    if kind == "call":
        return CallNode(**common, action=_action(section, "call"))
    if kind == "graph":
        return GraphNode(**common, graph=section.text("graph") or "")
    if kind == "map":
        return _map(section, common, ids=ids)
    repairs = section.whole("repairs_max", low=0, high=REPAIRS_MAX)
    return ProposeNode(
        **common,
        action=_action(section, "propose"),
        actions=_patterns(section),
        repairs_max=repairs or 0,
    )


def read_retry(section: Section) -> Retry | None:
    """Read `retry`."""
    inner = section.section("retry", hint="write `retry: {attempts: 3}`")
    if inner is None:
        return None
    inner.name = f"`retry` of {section.name}"
    inner.refuse_unknown(RETRY)
    usual = Retry()
    delay = read_duration(inner, "delay", least_ms=0)
    delay_max = read_duration(inner, "delay_max", least_ms=0)
    return Retry(
        attempts=inner.whole("attempts", low=1, high=ATTEMPTS_MAX) or usual.attempts,
        delay_ms=usual.delay_ms if delay is None else delay,
        backoff=inner.number("backoff", low=1.0, high=BACKOFF_MAX) or usual.backoff,
        delay_max_ms=usual.delay_max_ms if delay_max is None else delay_max,
        feedback=inner.flag("feedback") or False,
    )


# --- kinds


def _kind(section: Section) -> str | None:
    if not _NOT_BUILT.keys().isdisjoint(section.data):
        for name, hint in _NOT_BUILT.items():
            if name in section:
                _not_built(section, name, what=f"`{name}`", hint=hint)
    kinds = KINDS.keys() & section.data.keys()
    if len(kinds) > 1:
        listed = " and ".join(f"`{kind}`" for kind in KINDS if kind in kinds)
        section.problem(
            "IL1109", f"{section.name} is of two kinds: {listed}", hint="make two nodes of it"
        )
        return None
    if not kinds:
        _no_kind(section)
        return None
    (kind,) = kinds
    return kind if kind in BUILT else None


def _not_built(section: Section, name: str, *, what: str, hint: str) -> None:
    section.problems.add(
        Diagnostic(
            code="IL1110",
            message=f"{section.name} has {what}, which this version of Interlock cannot execute",
            pointer=section.at(name),
            on_key=True,
            hint=hint,
        )
    )


def _no_kind(section: Section) -> None:
    if "<<" in section.data:
        return  # already refused; what it should have merged is not guessed
    strangers = [key for key in section.data if key not in COMMON and key not in _KIND_FIELDS]
    for key in strangers:
        meant = near(key, KINDS)
        if meant is not None:
            section.unknown(key, f"did you mean `{meant}`?")
            return
    hint = f"give it one of {', '.join(f'`{kind}`' for kind in BUILT)}"
    section.problem("IL1108", f"{section.name} does not say what it runs", hint=hint)


def _refuse_unknown(section: Section, kind: str) -> None:
    if section.data.keys() <= _KNOWN_SETS[kind]:
        return
    known = _KNOWN[kind]
    for key in section.data:
        if key in known:
            continue
        other = _KIND_FIELDS.get(key)
        if other is None:
            buildable = [name for name in known if name not in _NOT_BUILT]
            section.unknown(key, did_you_mean(key, buildable))
        else:
            section.problems.add(
                Diagnostic(
                    code="IL1116",
                    message=f"{section.name} is a `{kind}`, but `{key}` belongs to `{other}`",
                    pointer=section.at(key),
                    on_key=True,
                    hint=f"remove it, or make the node a `{other}`",
                )
            )


def _map(section: Section, common: Common, *, ids: Collection[str]) -> MapNode:
    over = read_expression(section, "over")
    if "over" not in section:
        section.problem(
            "IL1103",
            f"{section.name} does not say over which list it goes",
            hint="add `over`, such as `over: '${{ inputs.docs }}'`",
        )
    return MapNode(
        **common,
        graph=section.text("map") or "",
        over=over or "",
        as_=_as(section, ids),
        key=read_expression(section, "key"),
        limit=section.whole("limit", low=1, high=MAP_LIMIT_MAX),
        failures_max=section.whole("failures_max", low=0, high=FAILURES_MAX) or 0,
    )


def _as(section: Section, ids: Collection[str]) -> str:
    given = section.text("as")
    name = given or "item"
    if given is not None:
        problem = id_problem(
            given, pointer=section.at("as"), taken=ids, what="item's name", on_key=False
        )
        section.problems.add(problem)
    if name in ids:
        place = section.at("as") if given else None
        hint = "write another name, such as `as: one`" if "one" not in ids else "write another `as`"
        section.problem(
            "IL1123",
            f"items of {section.name} are called `{name}`, as a node is",
            hint=hint,
            at=place,
        )
    return name


def _action(section: Section, field: str) -> str:
    name = section.text(field)
    if name is None:
        return ""
    _check_action(section, name, section.at(field))
    return name


def _check_action(section: Section, name: str, pointer: str) -> None:
    if len(name) > ACTION_CHARS_MAX:
        section.problems.add(too_long(name, ACTION_CHARS_MAX, pointer=pointer, on_key=False))
    elif not ACTION.fullmatch(name):
        hint = "write the name as it is registered, such as `http.get`"
        if "${{" in name:
            hint = "actions are named when the graph is written; `propose` lets a model choose"
        section.problem(
            "IL1115", f"`{bare(name)}` cannot be the name of an action", hint=hint, at=pointer
        )


def _patterns(section: Section) -> tuple[str, ...]:
    names = section.texts("actions", "patterns of actions")
    listed = section.data.get("actions")
    for name in names:
        if len(name) > ACTION_CHARS_MAX or not PATTERN.fullmatch(name):
            index = listed.index(name) if isinstance(listed, list) else 0
            section.problem(
                "IL1115",
                f"`{bare(name)}` is no pattern of actions",
                hint="write a name, or one with `*`, such as `k8s.get_*`",
                at=f"{section.at('actions')}/{index}",
            )
    return names


# --- what all kinds have


def _common(section: Section, id_: NodeId, *, types: Collection[str]) -> Common:
    """Read what is given: most nodes give little, and there may be thousands."""
    given, found = section.data, Common(id=id_)
    if "needs" in given:
        found["needs"] = tuple(NodeId(name) for name in section.texts("needs", "ids of nodes"))
    if "after" in given:
        found["after"] = tuple(NodeId(name) for name in section.texts("after", "ids of nodes"))
    if "when" in given:
        found["when"] = read_expression(section, "when")
    if "require" in given:
        found["require"] = read_expressions(section, "require")
    if "ensure" in given:
        found["ensure"] = read_expressions(section, "ensure")
    if "retry" in given:
        found["retry"] = read_retry(section)
    if "timeout" in given:
        found["timeout_ms"] = read_duration(section, "timeout")
    if "deadline" in given:
        found["deadline_ms"] = read_duration(section, "deadline")
    if "on_error" in given:
        found["on_error"] = _on_error(section)
    if "with" in given:
        found["with_"] = _with(section)
    if "returns" in given:
        found["returns"] = _returns(section, types)
    return found


def _on_error(section: Section) -> OnError:
    value = section.data["on_error"]
    if value == "undo":
        hint = "write `on_error: fail` or `on_error: continue`"
        _not_built(section, "on_error", what="`on_error: undo`", hint=hint)
        return "fail"
    for known in ON_ERROR:
        if value == known:
            return known
    hint = "write `on_error: fail` or `on_error: continue`"
    section.wrong("on_error", "`fail` or `continue`", hint=hint)
    return "fail"


def _with(section: Section) -> Mapping[str, Json]:
    inner = section.section("with", hint="write arguments by name: `with: {name: value}`")
    if inner is None:
        return {}
    for key, value in inner.data.items():
        if not key:
            told = f"an argument of {section.name} has no name"
            section.problem("IL1106", told, hint="name it", at=inner.at(key))
        if isinstance(value, dict | list):
            refuse_secrets(value, inner.at(key), problems=section.problems)
    return inner.data


def refuse_secrets(value: Json, pointer: str, *, problems: Problems) -> None:
    """Refuse `{secret: NAME}`: sent as it stands, it would be a mapping and no secret."""
    if isinstance(value, list):
        for index, item in enumerate(value):
            refuse_secrets(item, f"{pointer}/{index}", problems=problems)
    if not isinstance(value, dict):
        return
    secret = value.get("secret")
    if len(value) == 1 and isinstance(secret, str):
        problems.add(
            Diagnostic(
                code="IL1110",
                message=f"this version of Interlock cannot resolve `{{secret: {bare(secret)}}}`",
                pointer=pointer,
                hint="let the action read its secret itself, through its Context",
            )
        )
        return
    for key, item in value.items():
        refuse_secrets(item, f"{pointer}/{escape(key)}", problems=problems)


def _returns(section: Section, types: Collection[str]) -> Schema:
    value = section.data["returns"]
    return read_schema(value, section.at("returns"), types=types, problems=section.problems)
