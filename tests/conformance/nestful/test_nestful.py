"""The 254 plans of NESTFUL: those that are right run as the data set means them, the others are
refused for the reasons that a second opinion gives.

The data lies beside the project; where it is absent, these tests are skipped.
"""

import json
from functools import cache

import pytest

from conformance.nestful.audit import Wrong, audit
from conformance.nestful.defects import TABLE, defects
from conformance.nestful.importer import (
    FOLDER,
    SOURCES,
    Call,
    NestfulPlan,
    Source,
    expected,
)
from conformance.nestful.mutations import MUTATIONS, mutated
from interlock.actions import Registry
from interlock.errors import DocumentInvalid
from interlock.graph import load
from interlock.plan import Plan, compile as compile_graph
from interlock.replay import verify
from interlock.runtime import Runtime, read_entries
from interlock.store import MemoryStore

if not FOLDER.is_dir():
    pytest.skip(f"there is no NESTFUL data at {FOLDER}", allow_module_level=True)

HEARD: list[Call] = []
COMPILED: dict[str, tuple[Plan | None, set[Wrong]]] = {}
SOURCE = {source.name: source for source in SOURCES}
PLANS = [plan for source in SOURCES for plan in source.plans]
RIGHT = [plan for plan in PLANS if plan.id not in defects()]
WRONG = [plan for plan in PLANS if plan.id in defects()]


@cache
def registry_of(source: str) -> Registry:
    return SOURCE[source].registry(HEARD)


def problems_of(text: str, source: str) -> tuple[Plan | None, set[Wrong]]:
    try:
        loaded = load(text)
        return compile_graph(loaded.graph, registry_of(source), source=loaded.source), set()
    except DocumentInvalid as error:
        return None, {(one.code, one.pointer) for one in error.diagnostics}


def compiled(plan: NestfulPlan) -> tuple[Plan | None, set[Wrong]]:
    if plan.id not in COMPILED:
        COMPILED[plan.id] = problems_of(plan.text(), plan.source)
    return COMPILED[plan.id]


def named(plan: NestfulPlan) -> str:
    return plan.id


def in_one_order(calls: list[Call]) -> list[str]:
    return sorted(json.dumps(call, sort_keys=True) for call in calls)


def test_the_data_set_is_the_one_that_the_table_is_about():
    assert [len(source.plans) for source in SOURCES] == [85, 169]
    assert defects().keys() <= {plan.id for plan in PLANS}
    assert (len(RIGHT), len(WRONG)) == (124, 130)
    assert len(TABLE.read_text(encoding="utf-8").splitlines()) == 210


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_tool_that_is_described_twice_is_described_the_same(source: Source):
    assert len(source.tools) == len(registry_of(source.name))


@pytest.mark.parametrize("plan", RIGHT, ids=named)
async def test_a_plan_that_is_right_runs_as_it_means(plan: NestfulPlan):
    compiled_plan, problems = compiled(plan)
    assert compiled_plan is not None, problems
    HEARD.clear()
    store = MemoryStore()
    async with Runtime(store, registry_of(plan.source)) as runtime:
        result = await runtime.run(compiled_plan, {})
    calls, yields = expected(plan, SOURCE[plan.source].tools)
    assert result.status == "succeeded", result.error
    assert in_one_order(HEARD) == in_one_order(calls)
    assert result.outputs == yields
    again = verify(result.run, read_entries(store, result.run))
    assert (again.status, again.replayed) == ("succeeded", result.execution)
    assert again.plan.digest == compiled_plan.digest


@pytest.mark.parametrize("plan", WRONG, ids=named)
def test_a_plan_that_is_wrong_is_refused_for_what_is_wrong_with_it(plan: NestfulPlan):
    assert compiled(plan) == (None, defects()[plan.id])


@pytest.mark.parametrize("plan", PLANS, ids=named)
def test_a_second_opinion_agrees(plan: NestfulPlan):
    assert audit(plan, SOURCE[plan.source].tools) == compiled(plan)[1]


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_every_plan_that_is_broken_is_refused_for_that(mutation: str):
    tried = 0
    for plan in PLANS:
        broken = mutated(plan, SOURCE[plan.source].tools, MUTATIONS[mutation])
        if broken is not None:
            tried += 1
            document, wrong = broken
            assert wrong in problems_of(json.dumps(document), plan.source)[1], plan.id
    assert tried > 100
