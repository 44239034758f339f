"""The kinds of nodes: which fields each has, and how its own are read."""

from collections.abc import Callable, Collection, Mapping
from typing import Required, TypeAlias, TypedDict, TypeVar

from interlock.graph.conditions import read_expression
from interlock.graph.durations import read_duration
from interlock.graph.fields import Section, refuse_secrets
from interlock.graph.identifiers import (
    ACTION,
    ACTION_CHARS_MAX,
    PATTERN,
    id_problem,
    too_long,
)
from interlock.graph.model import (
    AnyNode,
    CallNode,
    FirstOfNode,
    GateNode,
    GraphNode,
    MapNode,
    OnError,
    OnMax,
    OnRefused,
    ProposeNode,
    RepeatNode,
    Retry,
    Undo,
    WaitNode,
)
from interlock.graph.scan import escape
from interlock.graph.schemas import read_schema
from interlock.graph.showing import bare
from interlock.values import Json, NodeId, Schema, immutable

MAP_LIMIT_MAX = 10_000
FAILURES_MAX = 1_000_000
REPAIRS_MAX = 25
TURNS_MAX = 1_000_000
QUORUM_MAX = 100

COMMON = (
    *("with", "needs", "after", "when", "require", "ensure", "retry", "timeout", "deadline"),
    *("on_error", "returns", "cache", "undo"),
)
GATE = ("to", "ask", "for", "bounds", "quorum", "expires")
WAIT = ("signal", "for", "returns")
UNDO = ("call", "with")
ON_MAX: tuple[OnMax, ...] = ("fail", "last")
ON_REFUSED: tuple[OnRefused, ...] = ("fail", "continue")

Word = TypeVar("Word", bound=str)


@immutable()
class Kind:
    """What nodes of a kind may say.

    Attributes:
        own: fields beside the one that names the kind.
        without: what all other nodes may say, and these may not.
        instead: what to do about those, in words; `{}` stands for the field.
    """

    own: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    instead: str = "take it out"

    @property
    def common(self) -> tuple[str, ...]:
        """The fields that it shares with others."""
        return tuple(name for name in COMMON if name not in self.without)


_ATTEMPTS = ("retry", "timeout", "deadline")
_INSIDE = "put `{}` on the nodes inside `{body}`"
KINDS: dict[str, Kind] = {
    "call": Kind(),
    "graph": Kind(without=_ATTEMPTS, instead=_INSIDE),
    "map": Kind(
        own=("over", "as", "key", "limit", "failures_max"),
        without=(*_ATTEMPTS, "undo"),
        instead=_INSIDE,
    ),
    "propose": Kind(own=("actions", "repairs_max"), without=("undo",)),
    "repeat": Kind(
        own=("carry", "until", "max", "on_max"), without=(*_ATTEMPTS, "undo"), instead=_INSIDE
    ),
    "wait": Kind(
        without=(*_ATTEMPTS, "with", "returns", "cache", "undo"),
        instead="say inside of `wait` for what it waits, how long, and what it `returns`",
    ),
    "gate": Kind(
        own=("on_refused",),
        without=(*_ATTEMPTS, "with", "returns", "ensure", "cache", "undo"),
        instead="put it on the nodes that need the gate",
    ),
    "first_of": Kind(
        without=(*_ATTEMPTS, "with", "cache", "undo"),
        instead="put it on the nodes that it chooses from",
    ),
}
_NAMES: dict[type[AnyNode], str] = {
    CallNode: "call",
    GraphNode: "graph",
    MapNode: "map",
    ProposeNode: "propose",
    RepeatNode: "repeat",
    WaitNode: "wait",
    GateNode: "gate",
    FirstOfNode: "first_of",
}
KIND_FIELDS = {name: kind for kind, fields in KINDS.items() for name in fields.own}


def kind_of_node(node: AnyNode) -> str:
    """Give the field of a document that says the kind of a node."""
    return _NAMES[type(node)]


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
    undo: Undo | None


@immutable(kw_only=False)
class Given:
    """A node of a document: its fields, what all kinds have already read, and the names around."""

    section: Section
    common: Common
    ids: Collection[str]
    types: Collection[str]


def read_with(section: Section, name: str = "with") -> Mapping[str, Json]:
    """Read arguments by name."""
    given = section.data[name]
    if not isinstance(given, dict):
        section.wrong(name, "a mapping", hint=f"write arguments by name: `{name}: {{name: value}}`")
        return {}
    for key, value in given.items():
        if not key:
            told = f"an argument of {section.name} has no name"
            section.problem("IL1106", told, hint="name it", at=f"{section.at(name)}/")
        if isinstance(value, (dict, list)):
            pointer = f"{section.at(name)}/{escape(key)}"
            refuse_secrets(value, pointer, problems=section.problems)
    return given


def read_returns(section: Section, types: Collection[str]) -> Schema | None:
    """Read `returns`; None when it is wrong."""
    place, before = section.at("returns"), len(section.problems.found)
    schema = read_schema(
        section.data["returns"],
        place,
        types=types,
        problems=section.problems,
        may_have_subject=True,
    )
    return schema if section.problems.only_warnings(before) else None


def read_undo(section: Section) -> Undo | None:
    """Read `undo`."""
    hint = "write `undo: {call: ACTION, with: {name: value}}`"
    inner = _inner(section, "undo", UNDO, hint=hint)
    if inner is None:
        return None
    _must(inner, "call", f"{inner.name} does not say which action it calls", hint=hint)
    return Undo(action=_action(inner, "call"), with_=read_with(inner) if "with" in inner else {})


def read_word(section: Section, name: str, known: tuple[Word, ...]) -> Word:
    """Read one of some words; the first one is the usual one."""
    value = section.data.get(name, known[0])
    for word in known:
        if value == word:
            return word
    told = " or ".join(f"`{word}`" for word in known)
    section.wrong(name, told, hint=f"write `{name}: {known[0]}` or `{name}: {known[1]}`")
    return known[0]


# --- kinds


def _call(given: Given) -> CallNode:
    return CallNode(**given.common, action=_action(given.section, "call"))


def _graph(given: Given) -> GraphNode:
    return GraphNode(**given.common, graph=given.section.text("graph") or "")


def _propose(given: Given) -> ProposeNode:
    section = given.section
    return ProposeNode(
        **given.common,
        action=_action(section, "propose"),
        actions=_patterns(section),
        repairs_max=section.whole("repairs_max", low=0, high=REPAIRS_MAX) or 0,
    )


def _map(given: Given) -> MapNode:
    section = given.section
    hint = "add `over`, such as `over: '${{ inputs.docs }}'`"
    _must(section, "over", f"{section.name} does not say over which list it goes", hint=hint)
    return MapNode(
        **given.common,
        graph=section.text("map") or "",
        over=read_expression(section, "over") or "",
        as_=_as(section, given.ids),
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
        section.problems.lost.add(section.at("as"))
        hint = "write another name, such as `as: one`" if "one" not in ids else "write another `as`"
        section.problem(
            "IL1123",
            f"items of {section.name} are called `{name}`, as a node is",
            hint=hint,
            at=place,
        )
    return name


def _repeat(given: Given) -> RepeatNode:
    section = given.section
    hint = "add a condition over `result`, such as `until: result.done`"
    _must(section, "until", f"{section.name} does not say until when it goes on", hint=hint)
    hint = "add the bound on its turns, such as `max: 8`"
    _must(section, "max", f"{section.name} does not say how often it runs at most", hint=hint)
    return RepeatNode(
        **given.common,
        graph=section.text("repeat") or "",
        carry=read_with(section, "carry") if "carry" in section else {},
        until=read_expression(section, "until") or "",
        max=section.whole("max", low=1, high=TURNS_MAX) or 1,
        on_max=read_word(section, "on_max", ON_MAX),
    )


def _wait(given: Given) -> WaitNode:
    section, common = given.section, given.common
    hint = "write `wait: {for: 10m}`, or `wait: {signal: paid, for: 3d}`"
    inner = _inner(section, "wait", WAIT, hint=hint)
    if inner is None:
        return WaitNode(**common)
    signal = inner.text("signal")
    if signal is not None:
        pointer = inner.at("signal")
        inner.problems.add(id_problem(signal, pointer=pointer, taken=(), what="id", on_key=False))
    is_told = any(name in inner or inner.at(name) in inner.problems.lost for name in WAIT[:2])
    if not is_told:
        section.problem("IL1103", f"{inner.name} does not say for what", hint=hint)
    if "returns" in inner:
        if "signal" not in inner:
            told = f"{inner.name} has `returns`, but nothing comes: it waits for no signal"
            hint = "take it out, or name the `signal` whose payload it describes"
            inner.problem("IL1131", told, hint=hint, at=inner.at("returns"))
        common["returns"] = read_returns(inner, given.types)
        if common["returns"] is None:
            inner.problems.lost.add(section.at("returns"))
    return WaitNode(**common, signal=signal, for_ms=read_duration(inner, "for"))


def _gate(given: Given) -> GateNode:
    section = given.section
    hint = "write `gate: {to: [owners], ask: 'Ship it?'}`"
    inner = _inner(section, "gate", GATE, hint=hint)
    if inner is None:
        return GateNode(**given.common, ask="")
    _must(inner, "ask", f"{inner.name} asks nothing", hint="add `ask`: what persons decide")
    return GateNode(
        **given.common,
        ask=inner.text("ask") or "",
        to=inner.texts("to", "roles or persons"),
        covers=tuple(NodeId(name) for name in inner.texts("for", "ids of nodes")),
        bounds=_bounds(inner),
        quorum=inner.whole("quorum", low=1, high=QUORUM_MAX) or 1,
        expires_ms=read_duration(inner, "expires"),
        on_refused=read_word(section, "on_refused", ON_REFUSED),
    )


def _bounds(gate: Section) -> Mapping[NodeId, str]:
    inner = gate.section("bounds", hint="write conditions by node: `bounds: {pay: args.cents < 9}`")
    if inner is None:
        return {}
    inner.name = f"`bounds` of {gate.name}"
    found = {NodeId(name): read_expression(inner, name) for name in inner.data}
    return {name: bound for name, bound in found.items() if bound is not None}


def _first_of(given: Given) -> FirstOfNode:
    section = given.section
    names = section.texts("first_of", "ids of nodes")
    if section.data["first_of"] == []:
        told = f"{section.name} has no nodes to choose from"
        section.problem("IL1103", told, hint="list them: `first_of: [a, b]`")
    return FirstOfNode(**given.common, of=tuple(NodeId(name) for name in names))


# --- pieces


def _inner(section: Section, name: str, known: tuple[str, ...], *, hint: str) -> Section | None:
    """Read a mapping with fields of its own."""
    inner = section.section(name, hint=hint)
    if inner is not None:
        inner.name = f"`{name}` of {section.name}"
        inner.refuse_unknown(known)
    return inner


def _must(section: Section, name: str, told: str, *, hint: str) -> None:
    if name not in section:
        section.missing(name, told, hint=hint)


def _action(section: Section, field: str) -> str:
    name = section.text(field)
    if name is None:
        return ""
    if len(name) <= ACTION_CHARS_MAX and ACTION.fullmatch(name):
        return name
    pointer = section.at(field)
    if len(name) > ACTION_CHARS_MAX:
        section.problems.add(too_long(name, ACTION_CHARS_MAX, pointer=pointer, on_key=False))
    else:
        hint = "write the name as it is registered, such as `http.get`"
        if "${{" in name:
            hint = "actions are named when the graph is written; `propose` lets a model choose"
        section.problem(
            "IL1115", f"`{bare(name)}` cannot be the name of an action", hint=hint, at=pointer
        )
    return name


def _patterns(section: Section) -> tuple[str, ...]:
    names = section.texts("actions", "patterns of actions")
    for index, name in enumerate(names):
        if name and (len(name) > ACTION_CHARS_MAX or not PATTERN.fullmatch(name)):
            section.problem(
                "IL1115",
                f"`{bare(name)}` is no pattern of actions",
                hint="write a name, or one with `*`, such as `k8s.get_*`",
                at=f"{section.at('actions')}/{index}",
            )
    return names


_Reader: TypeAlias = Callable[[Given], AnyNode]
READERS: dict[str, _Reader] = {
    "call": _call,
    "graph": _graph,
    "map": _map,
    "propose": _propose,
    "repeat": _repeat,
    "wait": _wait,
    "gate": _gate,
    "first_of": _first_of,
}
