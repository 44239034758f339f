"""Nodes from their mappings: one kind each, every field checked."""

from collections.abc import Collection, Mapping
from functools import lru_cache

from interlock.errors import Diagnostic
from interlock.graph.conditions import read_expression, read_expressions
from interlock.graph.durations import read_duration
from interlock.graph.fields import Section
from interlock.graph.identifiers import near
from interlock.graph.kinds import (
    COMMON,
    KIND_FIELDS,
    KINDS,
    READERS,
    Common,
    Given,
    read_returns,
    read_undo,
    read_with,
)
from interlock.graph.model import AnyNode, OnError, Retry
from interlock.graph.showing import bare
from interlock.values import Json, NodeId

ATTEMPTS_MAX = 100
BACKOFF_MAX = 100.0

RETRY = ("attempts", "delay", "backoff", "delay_max", "feedback")
ON_ERROR: tuple[OnError, ...] = ("fail", "continue", "undo")
_NOT_BUILT = {"cache": "remove it"}
_KNOWN = {name: (name, *kind.own, *kind.common) for name, kind in KINDS.items()}
_KNOWN_SETS = {kind: frozenset(names) for kind, names in _KNOWN.items()}
_FIELDS = frozenset(name for names in _KNOWN.values() for name in names)
SHAPES_MAX = 1_000
"""Nodes have the same few sets of fields; those that were found to be right are remembered."""


def read_node(
    section: Section, id_: NodeId, *, ids: Collection[str], types: Collection[str]
) -> AnyNode | None:
    """Read a node; None when it is of no kind."""
    names = tuple(section.data)
    kind = _sound_kind(names) if _FIELDS.issuperset(names) else None
    if kind is None:
        kind = _kind(section)
        if kind is None:
            return None
        _refuse_unknown(section, kind)
    common = _common(section, id_, types=types)
    return READERS[kind](Given(section, common, ids, types))


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


def outdented(id_: str, around: Mapping[str, Json]) -> tuple[str, ...]:
    """Give the fields of an empty node that stand beside it: they are not indented below it."""
    if around[id_] is not None:
        return ()
    names = list(around)
    found: list[str] = []
    for name in names[names.index(id_) + 1 :]:
        value = around[name]
        if name not in _FIELDS or (isinstance(value, dict) and KINDS.keys() & value.keys()):
            break
        found.append(name)
    return tuple(found)


# --- kinds


@lru_cache(maxsize=SHAPES_MAX)
def _sound_kind(names: tuple[str, ...]) -> str | None:
    """Give the kind of the nodes that have these fields; None where that is to be told of."""
    kinds = KINDS.keys() & names
    kind = kinds.pop() if len(kinds) == 1 else ""
    return kind if kind and _KNOWN_SETS[kind].difference(_NOT_BUILT).issuperset(names) else None


def _kind(section: Section) -> str | None:
    for name, hint in _NOT_BUILT.items():
        if name in section.data:
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
    return kind


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
    strangers = [key for key in section.data if key not in COMMON and key not in KIND_FIELDS]
    for key in strangers:
        kind = near(key, KINDS)
        if kind is not None:
            section.unknown(key, KINDS)
            for other in strangers:
                if other != key:
                    section.unknown(other, _fields_of(kind))
            return
    hint = f"give it one of {', '.join(f'`{kind}`' for kind in KINDS)}"
    section.problem("IL1108", f"{section.name} does not say what it runs", hint=hint)


def _refuse_unknown(section: Section, kind: str) -> None:
    known = _KNOWN[kind]
    for key in section.data:
        if key in known:
            continue
        other = KIND_FIELDS.get(key)
        if key in KINDS[kind].without:
            _without(section, kind, key)
        elif other is None:
            section.unknown(key, _fields_of(kind))
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


def _fields_of(kind: str) -> list[str]:
    return [name for name in _KNOWN[kind] if name not in _NOT_BUILT]


def _without(section: Section, kind: str, key: str) -> None:
    body = section.data[kind]
    shown = bare(body) if isinstance(body, str) and body else "..."
    section.problems.add(
        Diagnostic(
            code="IL1131",
            message=f"`{key}` has no meaning for a node of kind `{kind}`",
            pointer=section.at(key),
            on_key=True,
            hint=KINDS[kind].instead.format(key, body=shown),
        )
    )


# --- what all kinds have


def _common(section: Section, id_: NodeId, *, types: Collection[str]) -> Common:
    """Read what is given: most nodes give little, and there may be thousands."""
    given = section.data
    found: Common = {"id": id_}
    if "with" in given:
        found["with_"] = read_with(section)
    if len(given) <= len(found):
        return found  # most nodes have a kind and arguments, and nothing else
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
    if "returns" in given:
        found["returns"] = read_returns(section, types)
    if "undo" in given:
        found["undo"] = read_undo(section)
    return found


def _on_error(section: Section) -> OnError:
    value = section.data["on_error"]
    for known in ON_ERROR:
        if value == known:
            return known
    hint = "write `on_error: fail`, `on_error: continue` or `on_error: undo`"
    section.wrong("on_error", "`fail`, `continue` or `undo`", hint=hint)
    return "fail"
