"""Paths: built up, taken apart, and one spelling each."""

import pytest
from hypothesis import given, strategies as st

from interlock.errors import UsageError, ValueRefused
from interlock.values import NodeId, Path, paths
from interlock.values.paths import Segment

IDS = st.from_regex(r"[a-z][a-z0-9_]{0,5}(![a-z]{1,4})?", fullmatch=True)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
SEGMENTS = st.one_of(
    st.builds(Segment, node=IDS),
    st.builds(Segment, node=IDS, item=KEYS | st.integers(0, 10**6)),
    st.builds(Segment, node=IDS, turn=st.integers(1, 10**6)),
)


def built(segments: list[Segment]) -> Path:
    path = paths.ROOT
    for segment in segments:
        path = paths.child(path, segment.node)
        if segment.item is not None:
            path = paths.item(path, segment.item)
        if segment.turn is not None:
            path = paths.turn(path, segment.turn)
    return path


@given(st.lists(SEGMENTS, max_size=5))
def test_what_is_built_parses_to_its_parts(segments: list[Segment]):
    assert paths.parse(built(segments)) == tuple(segments)


@given(st.lists(SEGMENTS, max_size=4), IDS, KEYS | st.integers(0, 99), st.integers(1, 99))
def test_parent_undoes_each_step(segments, node, key, number):
    scope = built(segments)
    below = paths.child(scope, node)
    assert paths.parent(below) == scope
    assert paths.parent(paths.item(below, key)) == below
    assert paths.parent(paths.turn(below, number)) == below


@pytest.mark.parametrize(
    "text,parts",
    [
        ("", ()),
        ("fetch", (Segment(node=NodeId("fetch")),)),
        ("docs[3]/fetch", (Segment(node=NodeId("docs"), item=3), Segment(node=NodeId("fetch")))),
        (
            'docs["a/7"]/fetch',
            (Segment(node=NodeId("docs"), item="a/7"), Segment(node=NodeId("fetch"))),
        ),
        ("loop_1#2/act", (Segment(node=NodeId("loop_1"), turn=2), Segment(node=NodeId("act")))),
        ("load!undo", (Segment(node=NodeId("load!undo")),)),
    ],
)
def test_known_paths(text: str, parts: tuple[Segment, ...]):
    assert paths.parse(text) == parts
    assert built(list(parts)) == text


def test_a_number_and_a_text_are_two_keys():
    assert paths.item(Path("docs"), 7) == "docs[7]"
    assert paths.item(Path("docs"), "7") == 'docs["7"]'


def test_the_root_is_its_own_parent():
    assert paths.parent(paths.ROOT) == paths.ROOT


@pytest.mark.parametrize(
    "text",
    [
        "/",
        "/a",
        "a/",
        "a//b",
        "A",
        "1a",
        "a b",
        "a[",
        "a[]",
        "a[03]",
        "a[-1]",
        "a[3]b",
        "a[3][4]",
        "a#0",
        "a#02",
        "a#",
        "a!",
        "a!b!c",
        'a["x]',
        'a["x"',
        "a['x']",
        'a["\\u0061"]',
        'a["\\x"]',
        "a.b",
        "a\n",
    ],
)
def test_refuses_other_spellings(text: str):
    with pytest.raises(UsageError) as caught:
        paths.parse(text)
    assert f"`{text}`" in caught.value.message
    assert "docs[3]/fetch" in caught.value.hint


def test_a_key_with_a_lone_surrogate_is_refused():
    with pytest.raises(ValueRefused, match="lone surrogate"):
        paths.item(Path("docs"), "\ud800")
