"""What a run pins makes the same plan again, without user code."""

import pytest

from interlock.actions import Manifest
from interlock.errors import JournalCorrupt
from interlock.graph import load
from interlock.journal import Value
from interlock.plan import CompiledCall, CompiledPropose, Limits, compile as compile_graph, restore
from interlock.values import Json
from unit.plan.test_digest import PLAN, TEXT
from unit.plan.world import ACTIONS


def test_the_plan_is_the_same():
    again = restore(PLAN.document, PLAN.manifests)
    assert again.digest == PLAN.digest
    assert again.graph == PLAN.graph
    assert [node.id for node in again.root.nodes] == [node.id for node in PLAN.root.nodes]
    assert dict(again.actions) == dict(PLAN.actions)


def test_arguments_are_checked_again_when_a_node_starts():
    """What was proven is not proven again, so the check takes its place."""
    first = next(node for node in PLAN.root.nodes if node.id == "batch")
    again = next(
        node for node in restore(PLAN.document, PLAN.manifests).root.nodes if node.id == "batch"
    )
    assert isinstance(first, CompiledCall)
    assert isinstance(again, CompiledCall)
    assert first.accepts is None
    assert again.accepts is not None
    assert again.accepts.accepts({"day": "2026-01-31"})
    assert not again.accepts.accepts({"day": "tomorrow"})


def test_only_what_is_used_is_pinned():
    names = [Manifest.from_json(one).name for one in as_list(PLAN.manifests.json)]
    assert names == sorted(names)
    assert "k8s.delete_pod" in names
    assert "mail.send" not in names


def test_a_proposal_may_use_what_it_might_before():
    def allowed(plan: object) -> set[str]:
        nodes = getattr(plan, "root").nodes  # noqa: B009 - any plan
        (found,) = [node for node in nodes if isinstance(node, CompiledPropose)]
        return set(found.allowed)

    again = restore(PLAN.document, PLAN.manifests)
    assert allowed(again) == allowed(PLAN) == {"k8s.get_pods", "k8s.get_logs", "k8s.delete_pod"}


def test_limits_of_its_own_are_pinned():
    limits = Limits(items_max=5, timeout_ms_default=1_000)
    plan = compile_graph(load(TEXT).graph, ACTIONS, limits=limits)
    again = restore(plan.document, plan.manifests)
    assert again.limits == limits
    assert again.digest == plan.digest


BROKEN: dict[str, tuple[Json, Json]] = {
    "no graph": ({"interlock": 1}, []),
    "an action is gone": (
        {"interlock": 1, "name": "x", "nodes": {"a": {"call": "db.count"}}},
        [],
    ),
    "manifests are no list": ({"interlock": 1, "name": "x", "nodes": {}}, "none"),
    "a manifest is none": ({"interlock": 1, "name": "x", "nodes": {}}, [{"name": "x"}]),
    "a manifest has a field too many": (
        {"interlock": 1, "name": "x", "nodes": {}},
        [{"name": "x", "effect": "pure", "colour": "red"}],
    ),
    "limits of another kind": (
        {"interlock": 1, "name": "x", "nodes": {}},
        {"actions": [], "limits": {"colours_max": 3}},
    ),
    "limits are no object": (
        {"interlock": 1, "name": "x", "nodes": {}},
        {"actions": [], "limits": 3},
    ),
}


@pytest.mark.parametrize("document,manifests", BROKEN.values(), ids=BROKEN.keys())
def test_what_cannot_be_restored_is_corrupt(document: Json, manifests: Json):
    with pytest.raises(JournalCorrupt):
        restore(Value.of(document), Value.of(manifests))


def as_list(value: Json) -> list[Json]:
    assert isinstance(value, list)
    return value
