"""Actors: one text for each, which no chosen name can imitate."""

import pytest
from hypothesis import example, given, strategies as st

from interlock.errors import JournalCorrupt, UsageError
from interlock.journal import (
    ENGINE,
    NOBODY,
    OwnerId,
    Principal,
    actor_words,
    parse_actor,
    principal_in,
    principal_of,
    runtime_actor,
)
from interlock.journal.actors import METHOD_CHARS_MAX, NAME_CHARS_MAX

KINDS = ["engine", "runtime:", "unauthenticated:", "authenticated:", "oidc:", ":", ""]


def is_name(text: str) -> bool:
    try:
        Principal(name=text)
    except UsageError:
        return False
    return True


NAMES = (
    st.lists(st.sampled_from([*KINDS, "ada", "host-1-ab"]) | st.text(max_size=5), max_size=5)
    .map("".join)
    .filter(is_name)
)
METHODS = st.none() | st.from_regex(r"\A[a-z0-9][a-z0-9._+-]{0,9}\Z") | st.just("unauthenticated")
PRINCIPALS = st.builds(Principal, name=NAMES, authenticated_by=METHODS)
ACTORS = PRINCIPALS | NAMES.map(OwnerId) | st.none()


def text_of(who: Principal | OwnerId | None) -> str:
    if who is None:
        return ENGINE
    return who.actor if isinstance(who, Principal) else runtime_actor(who)


@given(ACTORS)
def test_a_text_reads_as_the_actor_that_it_was_made_of(who: Principal | OwnerId | None):
    assert parse_actor(text_of(who)) == who


@given(ACTORS, ACTORS)
@example(Principal(name="oidc:ada"), Principal(name="ada", authenticated_by="oidc"))
@example(Principal(name="b:c", authenticated_by="a"), Principal(name="c", authenticated_by="a"))
@example(Principal(name="runtime:host-1-ab"), OwnerId("host-1-ab"))
def test_different_principals_have_different_texts(
    one: Principal | OwnerId | None, other: Principal | OwnerId | None
):
    assert (text_of(one) == text_of(other)) == (one == other)
    assert type(one) is type(other) or text_of(one) != text_of(other)


@given(st.text(max_size=30) | NAMES)
def test_what_reads_as_an_actor_is_its_only_text(text: str):
    try:
        who = parse_actor(text)
    except JournalCorrupt:
        return
    assert text_of(who) == text


@pytest.mark.parametrize(
    "name",
    ["engine", "runtime:host-1-ab", "authenticated:oidc:ada", "unauthenticated:ada", "oidc:ada"],
)
def test_a_chosen_name_is_taken_for_nothing_else(name: str):
    who = principal_in(principal_of(name).actor)
    assert who == Principal(name=name)
    assert str(who) == f"{name} (unauthenticated)"


@pytest.mark.parametrize(
    "name",
    [
        *("", " ada", "ada\u3000", "a\nda", "a\x00", "\x1b[2Jada", "a\u202eda", "a\u200bda"),
        *("\ufeffada", "a\u00adda", "a\u2028b", "\U000e0041ada", "\udc80"),
        "x" * (NAME_CHARS_MAX + 1),
    ],
)
def test_what_cannot_be_told_from_another_name_is_refused(name: str):
    with pytest.raises(UsageError, match="a name"):
        Principal(name=name)
    for kind in ("runtime:", "unauthenticated:", "authenticated:oidc:"):
        with pytest.raises(JournalCorrupt, match="is no actor"):
            parse_actor(kind + name)


@pytest.mark.parametrize("method", ["", "OIDC", "a b", "-x", "é", "x" * 65, "oidc\n"])
def test_how_somebody_was_authenticated_is_a_word(method: str):
    with pytest.raises(UsageError, match="authenticated_by"):
        Principal(name="ada", authenticated_by=method)
    with pytest.raises(JournalCorrupt, match="is no actor"):
        parse_actor(f"authenticated:{method}:ada")


def test_the_longest_ones_are_taken():
    who = Principal(name="é" * NAME_CHARS_MAX, authenticated_by="x" * METHOD_CHARS_MAX)
    assert parse_actor(who.actor) == who


def test_who_was_erased_is_told_as_that():
    for text in (NOBODY, "(erased, see event 9)"):
        assert actor_words(text).startswith("(erased")
        with pytest.raises(JournalCorrupt, match="is no actor"):
            parse_actor(text)


@pytest.mark.parametrize("text", ["ada", "Engine", "engine:", "runtime", "user:ada", ":ada"])
def test_what_has_no_known_kind_is_no_actor(text: str):
    with pytest.raises(JournalCorrupt, match="is no actor"):
        parse_actor(text)
    assert actor_words(text).endswith(" (no actor)")


def test_halves_of_characters_in_a_plain_name_are_written_out():
    assert principal_of("ann\udc80").actor == r"unauthenticated:ann\udc80"


def test_people_see_who_is_authenticated_and_how():
    assert actor_words("unauthenticated:ada") == "ada (unauthenticated)"
    assert actor_words("authenticated:oidc:ada@example.org") == "ada@example.org (oidc)"
    assert actor_words("runtime:host-1-ab") == "host-1-ab"
    assert actor_words("engine") == "engine"


def test_a_name_does_not_imitate_the_words_around_it():
    sly = Principal(name='ada (oidc) approved "it"' + " " * 100 + "x")
    assert str(sly).startswith(r'"ada (oidc) approved \"it\"')
    assert str(sly).endswith('…" (unauthenticated)')
    assert len(str(sly)) < 100
