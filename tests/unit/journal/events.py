"""Events of every type, made from their own field types, so that a new field is covered at once."""

from dataclasses import fields
from typing import Any, Literal, NewType, cast, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from interlock.journal import Entry, ErrorInfo, Event, Value
from interlock.values import Json

INT64 = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON: st.SearchStrategy[Json] = st.recursive(
    st.none() | st.booleans() | INT64 | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=5,
)
VALUES = st.builds(Value.of, JSON)
ERRORS = st.builds(
    ErrorInfo,
    code=st.sampled_from(["IL6001", "IL6010"]),
    message=TEXT,
    hint=TEXT,
    permanent=st.booleans(),
    not_applied=st.booleans(),
)
OF_TYPE: dict[object, st.SearchStrategy[Any]] = {
    str: TEXT,
    int: INT64,
    bool: st.booleans(),
    type(None): st.none(),
    Value: VALUES,
    ErrorInfo: ERRORS,
}


def values_of_type(hint: Any) -> st.SearchStrategy[Any]:
    if type(hint) is NewType:
        return values_of_type(hint.__supertype__)
    if get_origin(hint) is Literal:
        return st.sampled_from(get_args(hint))
    if get_origin(hint) is tuple:
        return st.lists(values_of_type(get_args(hint)[0]), max_size=3).map(tuple)
    if get_args(hint):
        return st.one_of([values_of_type(part) for part in get_args(hint)])
    return OF_TYPE[hint]


def of_kind(kind: type[Event]) -> st.SearchStrategy[Event]:
    hints = get_type_hints(kind)
    parts = {field.name: values_of_type(hints[field.name]) for field in fields(kind)}
    return cast(st.SearchStrategy[Event], st.builds(kind, **parts))


KINDS: tuple[type[Event], ...] = get_args(Event)
EVENTS: st.SearchStrategy[Event] = st.one_of([of_kind(kind) for kind in KINDS])
ENTRIES = st.builds(
    Entry,
    EVENTS,
    at_ms=INT64,
    seq=INT64,
    epoch=INT64,
    actor=TEXT,
    causes=st.lists(INT64, max_size=3).map(tuple),
)
