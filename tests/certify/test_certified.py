"""Graphs that together use every kind of node and every effect are certified.

`certify` is our own harness: here it runs over small graphs at small sizes, and in the slow tests
at its own.
"""

from typing import get_args

import pytest

from certify.fifty import FIFTY, certified
from certify.graphs import WRITTEN
from interlock.actions import EFFECTS, Guarantee
from interlock.errors import UsageError
from interlock.graph import load
from interlock.library import library
from interlock.plan import AnyCompiledNode, compile as compile_graph
from interlock.testing import KINDS, Answers, Certification, Sizes, certify, is_certificate
from interlock.testing.certifying.places import actions_of, every_node
from interlock.values import Json
from sim.graphs import CASES

SMALL = Sizes(second_crashes=4, orders=2, jumps=3, decisions=6, exhaustive_max=8)


def told(found: Certification) -> list[str]:
    """What did not hold, in words."""
    return [
        *found.problems,
        *(
            f"{failure.course.kind} {failure.course.number}: {failure.course.told()}: {problem}"
            for tally in found.tallies.values()
            for failure in tally.failures
            for problem in failure.problems
        ),
    ]


def test_the_graphs_use_every_kind_of_node_and_every_effect():
    plans = [case.plan for case in (*CASES.values(), *WRITTEN.values())]
    nodes = [node for plan in plans for node in every_node(plan).values()]
    assert {type(node) for node in nodes} == set(get_args(AnyCompiledNode))
    actions = [one for plan in plans for one in actions_of(plan).values()]
    assert {one.effect for one in actions} == set(EFFECTS)
    assert {one.guarantee for one in actions} == set(get_args(Guarantee))
    writes = [one for one in actions if one.effect == "write"]
    safeties = {(one.key is not None, one.probe, one.transactional) for one in writes}
    plain, keyed, probed = (False, False, False), (True, False, False), (False, True, False)
    assert safeties >= {plain, keyed, probed, (True, True, False), (False, False, True)}
    assert {one.runs_ahead for one in actions if one.effect == "read"} == {True, False}
    assert any(one.name == "exec.run" for one in writes)


@pytest.mark.parametrize("name", CASES)
def test_graphs_are_certified_at_a_small_size(name: str):
    case = CASES[name]
    found = certify(case.plan, case.inputs, seed=7, sizes=SMALL)
    assert told(found) == []
    assert found.passed
    assert [*found.tallies] == [*KINDS]
    assert all(tally.tried for tally in found.tallies.values())


@pytest.mark.parametrize("name", WRITTEN)
def test_documents_are_certified_at_a_small_size(name: str):
    one = WRITTEN[name]
    found = certify(one.plan, one.inputs, answers=one.answers(7), seed=7, sizes=SMALL)
    assert told(found) == []
    assert found.baseline.result is not None
    assert found.baseline.result.status == one.ends
    assert all(tally.tried for tally in found.tallies.values())


@pytest.mark.slow
@pytest.mark.parametrize("name", WRITTEN)
def test_documents_are_certified(name: str, seed: int):
    one = WRITTEN[name]
    found = certify(one.plan, one.inputs, answers=one.answers(seed), seed=seed)
    assert told(found) == []


def asking(told: Json, *, gate: str = "ask: 'Go on?'") -> Certification:
    text = f"interlock: 1\nname: g\nnodes: {{ok: {{gate: {{{gate}}}}}}}\n"
    plan = compile_graph(load(text).graph, {})
    return certify(plan, answers=Answers.of(told), sizes=SMALL)


def test_where_nobody_ever_comes_nothing_is_certified():
    found = asking({"ok": {"decide": "nobody"}})
    assert found.problems == ("recovery ends with the run still open: waiting at `ok`",)
    assert not found.passed


def test_a_gate_that_nobody_answers_expires():
    found = asking({"ok": {"decide": "nobody"}}, gate="ask: 'Go on?', expires: 4h")
    assert told(found) == []
    assert found.baseline.result is not None
    assert found.baseline.result.status == "refused"


def test_an_answer_must_fit_what_it_answers():
    with pytest.raises(UsageError, match="the answer of `ok` does not fit it") as caught:
        asking({"ok": {"output": True}})
    assert caught.value.hint == "write decide: approved | rejected | nobody"


FILES = """
interlock: 1
name: files
nodes:
  letter: {{call: files.write, with: {{path: a.txt, content: hello}}{returns}}}
  copy:
    call: files.read
    with: {{path: '${{{{ letter.path }}}}'}}
    ensure: result.digest == letter.digest
outputs: {{text: '${{{{ copy.content }}}}'}}
"""
UNHEARD_OF = "returns: {properties: {path: {pattern: '^(no|such)$'}}}"


@pytest.mark.parametrize("returns, ends", [("", "succeeded"), (f", {UNHEARD_OF}", "failed")])
def test_a_write_with_a_probe_is_certified_whether_its_output_can_be_made_up_or_not(
    returns: str, ends: str
):
    graph = load(FILES.format(returns=returns)).graph
    found = certify(compile_graph(graph, library(".")), sizes=SMALL)
    assert told(found) == []
    assert found.baseline.result is not None
    assert found.baseline.result.status == ends


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_graphs_are_certified(name: str, seed: int):
    case = CASES[name]
    found = certify(case.plan, case.inputs, seed=seed)
    assert told(found) == []
    assert found.tallies["crash"].tried == found.tallies["crash"].of


@pytest.mark.slow
def test_a_graph_of_fifty_nodes_is_certified():
    assert len(FIFTY.plan.root.nodes) == 50
    assert told(certified()) == []


def test_equal_seeds_give_equal_certificates_and_others_do_not():
    case = CASES["safeties"]
    one, two, other = (
        certify(case.plan, case.inputs, seed=seed, sizes=SMALL).certificate() for seed in (7, 7, 8)
    )
    assert one == two
    assert one["digest"] != other["digest"]


def test_a_certificate_is_of_one_plan_and_cannot_be_changed():
    case, other = CASES["chain"], CASES["safeties"]
    paper = certify(case.plan, case.inputs, seed=7, sizes=SMALL, kinds=["order"]).certificate()
    assert is_certificate(paper, case.plan.digest)
    assert not is_certificate(paper, other.plan.digest)
    assert not is_certificate({**paper, "plan": other.plan.digest}, other.plan.digest)
    assert not is_certificate({**paper, "seed": 8}, case.plan.digest)
    assert not is_certificate("certified", case.plan.digest)
