"""Digests: domain separation, and the shortcut by bytes at hand."""

from hashlib import sha256

import pytest
from hypothesis import given, strategies as st

from interlock.errors import InternalError
from interlock.values import canonical, digest, digest_canonical, digest_texts, encode, value_ref

TREES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text("aé😀"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=8,
)


@given(TREES)
def test_is_sha256_of_tag_version_and_value(value):
    expected = "sha256:" + sha256(canonical(["call-key", 1, value])).hexdigest()
    assert digest("call-key", value) == expected
    assert digest_canonical("call-key", encode(value)) == expected


TEXTS = st.recursive(st.none() | st.text(), lambda inner: st.lists(inner, max_size=4))


@given(st.lists(TEXTS))
def test_lists_of_text_have_the_digest_of_a_value(texts):
    assert digest_texts("execution", texts) == digest("execution", texts)
    assert digest_texts("execution", tuple(texts)) == digest("execution", texts)


def test_stays_the_same_for_good():
    # What `sha256sum` says of `["value",1,{"a":[1.5,null],"b":1}]`. It must never change.
    assert digest("value", {"b": 1, "a": [1.5, None]}) == (
        "sha256:ad2f340f86837b0277c7221867c6faf090744719afc8cbdf6e86f5d4c73bf4e5"
    )


def test_kinds_do_not_mix():
    assert digest("plan", []) != digest("value", [])
    assert digest("plan", ["x"]) != digest("plan", "x")


def test_value_ref_is_the_digest_of_a_value():
    assert value_ref(encode({"a": 1.0})) == digest("value", {"a": 1})


@pytest.mark.parametrize("tag", ["", 'a"b', "a\\b", "é", "a b", "\n"])
def test_a_tag_is_plain_text(tag: str):
    with pytest.raises(InternalError, match="tag"):
        digest(tag, None)
