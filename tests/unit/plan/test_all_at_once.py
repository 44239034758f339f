"""A document with mistakes of all families: each is told, at once, and nothing else."""

from collections import Counter
from copy import deepcopy
from typing import cast

import pytest
from hypothesis import given, strategies as st

from interlock.actions import Registry, action
from interlock.errors import DocumentInvalid
from interlock.graph import cel, graph, read_draft, read_text
from interlock.plan import compile as compile_graph, restore
from unit.plan.mistakes import MISTAKES, SOUND, Mistake, Table, part
from unit.plan.world import ACTIONS

TREE = cast(Table, read_text(SOUND)[0])


def told(*mistakes: Mistake) -> list[tuple[str, str]]:
    """What is told of the document with some mistakes in it."""
    tree = deepcopy(TREE)
    for mistake in mistakes:
        mistake.make(tree)
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(read_draft(tree), ACTIONS)
    return [(one.code, one.pointer) for one in caught.value.diagnostics]


def test_the_document_is_sound():
    assert compile_graph(read_draft(TREE), ACTIONS).warnings == ()


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda one: f"{one.gives[0][0]}-{one.area}")
def test_one_mistake_is_told_and_has_no_echo(mistake: Mistake):
    assert Counter(told(mistake)) == Counter(mistake.gives)


@given(st.lists(st.sampled_from(MISTAKES), min_size=2, max_size=8))
def test_independent_mistakes_are_all_told_at_once(wished: list[Mistake]):
    chosen: list[Mistake] = []
    for one in wished:
        if all(one.is_independent(other) for other in chosen):
            chosen.append(one)
    assert Counter(told(*chosen)) == Counter(each for one in chosen for each in one.gives)


def test_warnings_of_the_document_and_of_its_meaning_come_together():
    tree = deepcopy(TREE)
    part(tree, ["inputs", "day"])["minLenght"] = 1
    part(tree, ["nodes", "deploy"])["after"] = ["tests"]
    plan = compile_graph(read_draft(tree), ACTIONS)
    assert [one.code for one in plan.diagnostics] == ["IL1125", "IL4001"]
    assert [text[:15] for text in plan.warnings] == ["warning[IL1125]", "warning[IL4001]"]
    assert restore(plan.document, plan.manifests).warnings == ()


@action(effect="read")
def tags_of(day: str) -> list[str]:
    """Never called: what is compiled is not run."""
    raise NotImplementedError(day)


@graph
def release(day: str) -> dict[str, object]:
    return {"the-tags": tags_of(day), "first": cel("frobnicate(1)")}


def test_a_function_is_refused_for_its_form_and_its_meaning_at_once():
    with pytest.raises(DocumentInvalid) as caught:
        compile_graph(release, Registry([]))
    assert sorted(one.code for one in caught.value.diagnostics) == ["IL1106", "IL2001", "IL2203"]
