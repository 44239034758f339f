"""Opening a run again: what did not succeed is executed once more, nothing else is."""

from typing import Any

import pytest

from interlock.engine import IllegalTransition, StartAttempt, idempotency_key
from interlock.graph import CallNode, ProposeNode, Undo
from interlock.journal import AttemptStarted
from interlock.plan import Limits
from interlock.values import NodeId, Path
from unit.engine.driving import (
    INTEGER,
    NOT_APPLIED,
    REFUSED,
    RUN,
    STRINGS,
    Driven,
    call,
    failure,
    plan_of,
    types,
)
from unit.engine.making import body, each, first_of, gate, repeat, sub, wait


def undo(label: str) -> Undo:
    return Undo(action="write", with_={"label": f"undo {label}", "values": []})


def done(id_: str, *needs: str, **options: Any) -> CallNode:
    return call(id_, "write", needs=needs, **{"undo": undo(id_), **options})


def driven(*nodes: Any, given: Any = None, **rest: Any) -> Driven:
    return Driven(plan_of(*nodes, **rest), given)


def generations(run: Driven) -> dict[str, list[int]]:
    """The generations in which something was sent, by path."""
    found: dict[str, list[int]] = {}
    for order in run.orders:
        if isinstance(order, StartAttempt):
            found.setdefault(order.path, []).append(order.generation)
    return found


def keys(run: Driven) -> list[str]:
    """The idempotency keys of all intents: a write that is repeated has another one."""
    intents = [entry.event for entry in run.entries]
    return [
        idempotency_key(RUN, one.path, one.generation)
        for one in intents
        if isinstance(one, AttemptStarted)
    ]


def statuses(run: Driven) -> dict[str, str]:
    return {path: outcome[0] for path, outcome in sorted(run.state.outcomes.items())}


# --- what is executed again


def test_what_failed_and_what_was_skipped_for_it_are_executed_again():
    run = driven(
        call("a", "write"), call("b", "read", needs=("a",)), call("c", "read", needs=("b",)),
        outputs={"c": "${{ c }}"},
    )  # fmt: skip
    run.end("a", 1)
    run.end("b", failure())
    assert run.result().status == "failed"
    assert types(run.reopen()) == ["start b 1"]
    run.end("b", 2)
    run.end("c", 3)
    assert run.output() == {"c": 3}
    assert generations(run) == {"a": [1], "b": [1, 2], "c": [2]}
    assert len(set(keys(run))) == len(keys(run)) == 1
    run.check()


def test_a_run_may_be_opened_again_and_again():
    run = driven(call("a", "write"), call("b", "read", needs=("a",)))
    run.end("a", 1)
    for generation in (1, 2, 3):
        assert run.due("b").generation == generation
        run.end("b", failure())
        run.check()
        run.reopen()
        run.check()
    run.end("b", 1)
    assert run.result().status == "succeeded"
    assert generations(run) == {"a": [1], "b": [1, 2, 3, 4]}
    run.check()


def test_a_run_that_goes_on_or_succeeded_is_not_opened_again():
    run = driven(call("a", "read"))
    with pytest.raises(IllegalTransition):
        run.reopen()
    run = driven(call("a", "read"))
    run.end("a", 1)
    with pytest.raises(IllegalTransition):
        run.reopen()


def test_what_was_cancelled_is_executed_again():
    run = driven(call("a", "read"), call("b", "read", needs=("a",)), wait(signal="s"))
    run.cancel()
    run.end_cancelled("a")
    assert types(run.reopen()) == ["start a 1"]
    run.end("a", 1)
    run.end("b", 1)
    run.signal("s")
    assert run.result().status == "succeeded"
    run.check()


def test_what_was_cancelled_with_the_run_is_executed_again_though_it_was_let():
    run = driven(call("a", "read", on_error="continue"), call("b", "read", after=("a",)))
    run.cancel()
    run.end_cancelled("a")
    assert types(run.reopen()) == ["start a 1"]
    run.end("a", 1)
    run.end("b", 1)
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_what_was_let_stays(how: str):
    run = driven(call("a", "read", on_error="continue"), call("b", "read", after=("a",)))
    if how == "failed":
        run.end("a", failure())
    else:
        run.cancel("a")
        run.end_cancelled("a")
    run.end("b", failure())
    assert types(run.reopen()) == ["start b 1"]
    run.end("b", 1)
    assert statuses(run) == {"a": how, "b": "succeeded"}
    run.check()


def test_what_a_condition_skipped_stays_unless_it_depends_on_what_is_executed_again():
    run = driven(
        call("a", "read"),
        call("b", "read", when="nodes.a.status == 'succeeded'", after=("a",)),
        call("c", "read", when="inputs.w"),
        inputs={"w": {"type": "boolean"}},
        given={"w": False},
    )
    run.end("a", failure())
    assert run.settled() == {"a": "failed", "b": "skipped", "c": "skipped"}
    assert types(run.reopen()) == ["start a 1"]
    assert types(run.end("a", 1)) == ["start b 1"]
    run.end("b", 1)
    assert statuses(run) == {"a": "succeeded", "b": "succeeded", "c": "skipped"}
    run.check()


def test_what_succeeded_with_what_failed_is_not_executed_again():
    run = driven(
        call("a", "read"), call("b", "write", after=("a",)), call("c", "read", needs=("a", "b"))
    )
    run.end("a", failure())
    run.end("b", 1)
    assert types(run.reopen()) == ["start a 1"]
    assert types(run.end("a", 1)) == ["start c 1"]
    run.end("c", 1)
    assert generations(run)["b"] == [1]
    run.check()


def test_a_choice_is_made_again():
    run = driven(
        call("a", "read", on_error="continue"), call("b", "read"), first_of("a", "b"),
        call("z", "read", needs=("f",)),
    )  # fmt: skip
    run.end("a", failure())
    run.end("b", failure())
    assert statuses(run)["f"] == "failed"
    run.reopen()
    run.end("b", 5)
    assert run.value("f") == 5
    run.end("z", 1)
    run.check()


def test_the_execution_is_that_of_a_run_that_never_failed():
    def run(*, fails: bool) -> Driven:
        found = driven(call("a", "write"), call("b", "read", needs=("a",)))
        found.end("a", 1)
        if fails:
            found.end("b", failure())
            found.reopen()
        found.end("b", 2)
        return found

    assert run(fails=True).state.execution == run(fails=False).state.execution


# --- writes


def test_a_write_that_broke_its_promise_is_decided_by_a_person():
    run = driven(call("a", "write"), call("b", "read", needs=("a",)))
    run.end("a", "text")
    assert run.reopen() == []
    assert run.state.in_doubt == {Path("a")}
    run.check()
    assert types(run.resolve("a", "succeeded", 7)) == ["start b 1"]
    run.end("b", 1)
    assert run.result().status == "succeeded"
    assert generations(run)["a"] == [1]
    run.check()


def test_a_person_may_have_it_sent_again():
    run = driven(call("a", "write"))
    run.end("a", "text")
    run.reopen()
    assert types(run.resolve("a", "retry")) == ["start a 2"]
    run.end("a", 7)
    assert run.result().status == "succeeded"
    run.check()


def test_what_a_person_lets_fail_has_happened_all_the_same():
    run = driven(call("a", "write"))
    run.end("a", "text")
    run.reopen()
    run.resolve("a", "failed")
    assert run.settled() == {"a": "violated"}
    assert run.error("a").code == "IL6017"
    assert "happened" in run.error("a").message
    assert run.result().status == "failed"
    run.reopen()
    assert run.state.in_doubt == {Path("a")}, "a person is asked again, nothing is sent"
    run.check()


def test_what_a_person_lets_fail_is_taken_back_like_anything_that_happened():
    run = driven(done("a"))
    run.end("a", "text")
    run.reopen()
    run.cancel(undo=True)
    assert types(run.resolve("a", "failed")) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert statuses(run)["a"] == "undone"
    run.check()


def test_what_is_sent_again_and_does_not_happen_fails():
    run = driven(call("a", "write"))
    run.end("a", "text")
    run.reopen()
    run.resolve("a", "retry")
    run.end("a", NOT_APPLIED)
    assert run.settled() == {"a": "failed"}
    run.check()


def test_what_its_receiver_does_not_find_any_more_has_not_happened():
    run = driven(call("a", "probed"))
    run.end("a", "text")
    run.reopen()
    assert types(run.resolve("a", "ask")) == ["probe a 1"]
    run.probed("a", "not_applied")
    assert run.settled() == {"a": "failed"}
    run.check()


def test_a_write_that_did_not_happen_has_a_new_key():
    run = driven(call("a", "keyed"))
    run.end("a", NOT_APPLIED)
    run.reopen()
    run.end("a", 7)
    assert len(set(keys(run))) == 2
    run.check()


# --- gates and waits


def test_a_gate_that_was_refused_asks_again():
    run = driven(gate(covers=("a",)), call("a", "write", needs=("g",)))
    first = run.asked("g").binding
    run.decide("g", "rejected")
    run.reopen()
    assert run.asked("g").binding != first
    run.decide("g")
    run.end("a", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_an_approval_is_not_used_for_another_generation():
    run = driven(gate(), call("a", "write", needs=("g",)))
    run.decide("g")
    run.end("a", NOT_APPLIED)
    assert run.reopen() == []
    assert run.asked("g").generation == 2
    run.decide("g")
    run.end("a", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_a_wait_waits_again():
    run = driven(wait(signal="s", for_ms=10))
    run.now_ms += 10
    run.fire("w")
    assert run.result().status == "failed"
    assert types(run.reopen()) == ["timer w 20"]
    run.signal("s", 7)
    assert run.result().status == "succeeded"
    run.check()


# --- scopes


INNER = body(call("x", "write"), call("y", "read", needs=("x",)), outputs={"n": "${{ y }}"})


def test_a_subgraph_goes_on_where_it_was():
    run = driven(sub("s"), call("b", "read", needs=("s",)), graphs={"body": INNER})
    run.end("s/x", 1)
    run.end("s/y", failure())
    assert types(run.reopen()) == ["start s/y 1"]
    run.end("s/y", 2)
    run.end("b", 1)
    assert run.result().status == "succeeded"
    assert generations(run) == {"s/x": [1], "s/y": [1, 2], "b": [2]}
    assert statuses(run) == dict.fromkeys(["b", "s", "s/x", "s/y"], "succeeded")
    run.check()


def test_a_subgraph_waits_for_what_it_depends_on():
    run = driven(call("a", "read"), sub("s", after=("a",)), graphs={"body": INNER})
    run.end("a", failure())
    run.end("s/x", 1)
    run.end("s/y", failure())
    assert types(run.reopen()) == ["start a 1"]
    assert types(run.end("a", 1)) == ["start s/y 1"]
    run.end("s/y", 2)
    assert run.result().status == "succeeded"
    run.check()


def test_a_subgraph_that_was_cancelled_before_it_could_go_on_still_can():
    run = driven(call("a", "read"), sub("s", after=("a",)), graphs={"body": INNER})
    run.end("a", failure())
    run.end("s/x", 1)
    run.end("s/y", failure())
    run.reopen()
    run.cancel()
    run.end_cancelled("a")
    assert run.result().status == "cancelled"
    run.check()
    run.reopen()
    run.end("a", 1)
    run.end("s/y", 2)
    assert run.result().status == "succeeded"
    assert generations(run)["s/x"] == [1]
    run.check()


def test_a_subgraph_that_was_never_opened_is():
    run = driven(
        sub("s", with_={"v": "${{ inputs.v }}"}),
        graphs={"body": body(call("x", "write"), inputs={"v": INTEGER})},
        inputs={"v": True},
        given={"v": "no"},
    )
    assert run.error("s").code == "IL2010"
    assert run.reopen() == []
    assert run.result().status == "failed"
    assert run.state.scopes_opened == 1
    run.check()


def test_what_ended_well_inside_is_judged_again_and_not_executed():
    run = driven(sub("s", ensure=("result.n > 5",)), graphs={"body": INNER})
    run.end("s/x", 1)
    run.end("s/y", 2)
    assert run.error("s").code == "IL6005"
    assert run.reopen() == []
    assert run.result().status == "failed"
    assert generations(run) == {"s/x": [1], "s/y": [1]}
    run.check()


def test_only_the_items_that_failed_are_opened_again():
    node = each("inputs.l", "m", limit=2, failures_max=0)
    run = driven(node, graphs={"body": INNER}, inputs={"l": STRINGS}, given={"l": ["p", "q", "r"]})
    run.end("m[0]/x", 1)
    run.end("m[0]/y", 10)
    run.end("m[1]/x", 1)
    run.end("m[1]/y", failure())
    run.start("m[2]/x")
    run.end("m[2]/x", 1)
    assert statuses(run)["m[2]/y"] == "cancelled"
    assert sorted(types(run.reopen())) == ["start m[1]/y 1", "start m[2]/y 1"]
    run.end("m[2]/y", 30)
    run.end("m[1]/y", 20)
    assert run.value("m") == {"count": 3, "failed": 0, "results": [{"n": 10}, {"n": 20}, {"n": 30}]}
    assert generations(run)["m[0]/x"] == generations(run)["m[1]/x"] == [1]
    run.check()


def test_items_are_opened_again_no_more_than_the_limit_at_a_time():
    items = ["p", "q", "r", "s"]
    node = each("inputs.l", "m", limit=2, failures_max=4, ensure=("result.failed == 0",))
    bodies = {"body": body(call("x", "keyed"))}
    run = driven(node, graphs=bodies, inputs={"l": STRINGS}, given={"l": items})
    for index in range(4):
        run.end(f"m[{index}]/x", NOT_APPLIED)
    assert run.result().status == "failed"
    assert types(run.reopen()) == ["start m[0]/x 1", "start m[1]/x 1"]
    run.check()
    assert types(run.end("m[1]/x", 1)) == ["start m[2]/x 1"]
    assert types(run.end("m[0]/x", 1)) == ["start m[3]/x 1"]
    run.end("m[3]/x", 1)
    run.end("m[2]/x", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_items_that_could_not_be_opened_are_tried_again():
    bodies = {"body": body(call("x", "read"), inputs={"v": {"type": "string"}})}
    node = each("inputs.l", "m", as_="i", with_={"v": "${{ i }}"}, failures_max=1,
                ensure=("result.failed == 0",))  # fmt: skip
    run = driven(node, graphs=bodies, inputs={"l": True}, given={"l": ["p", 7]})
    run.end("m[0]/x", 1)
    assert statuses(run)["m[1]"] == "failed"
    assert run.reopen() == []
    assert run.result().status == "failed"
    assert statuses(run)["m[1]"] == "failed"
    run.check()


def test_items_that_were_never_opened_are():
    node = each("inputs.l", "m", limit=1)
    bodies = {"body": body(call("x", "read"))}
    run = driven(node, graphs=bodies, inputs={"l": STRINGS}, given={"l": ["p", "q"]})
    run.end("m[0]/x", failure())
    run.reopen()
    run.end("m[0]/x", 1)
    run.end("m[1]/x", 1)
    assert run.result().status == "succeeded"
    assert generations(run) == {"m[0]/x": [1, 2], "m[1]/x": [2]}
    run.check()


TURN = body(call("x", "write"), outputs={"n": "${{ x }}"})


def test_a_repeat_goes_on_with_the_turn_that_failed():
    run = driven(repeat("result.n > 8"), graphs={"body": TURN})
    run.end("r#1/x", 1)
    run.end("r#2/x", NOT_APPLIED)
    assert types(run.reopen()) == ["start r#2/x 1"]
    run.end("r#2/x", 9)
    assert run.value("r") == {"n": 9, "turns": 2}
    assert generations(run) == {"r#1/x": [1], "r#2/x": [1, 2]}
    run.check()


def test_a_repeat_that_came_to_its_end_in_vain_repeats_nothing():
    run = driven(repeat("result.n > 8", max=2), graphs={"body": TURN})
    run.end("r#1/x", 1)
    run.end("r#2/x", 2)
    assert run.error("r").code == "IL6024"
    assert run.reopen() == []
    assert run.result().status == "failed"
    assert generations(run) == {"r#1/x": [1], "r#2/x": [1]}
    run.check()


def test_a_repeat_that_was_cancelled_between_turns_goes_on():
    run = driven(repeat("result.n > 8"), graphs={"body": TURN})
    run.start("r#1/x")
    run.cancel()
    run.end("r#1/x", 1)
    assert run.result().status == "cancelled"
    assert types(run.reopen()) == ["start r#2/x 1"]
    run.end("r#2/x", 9)
    assert run.result().status == "succeeded"
    run.check()


def proposing(**options: Any) -> Driven:
    node = ProposeNode(
        id=NodeId("p"),
        action="propose",
        with_={"label": "p", "values": []},
        actions=("read", "write"),
        **options,
    )
    return driven(node)


PROPOSED = {
    "interlock": 1,
    "name": "q",
    "nodes": {
        "write_1": {"call": "write", "with": {"label": "l", "values": []}},
        "read_1": {"call": "read", "needs": ["write_1"], "with": {"label": "k", "values": []}},
    },
}


def test_a_proposal_that_was_accepted_goes_on():
    run = proposing()
    run.end("p", PROPOSED)
    run.end("p/write_1", 1)
    run.end("p/read_1", failure())
    assert types(run.reopen()) == ["start p/read_1 1"]
    run.end("p/read_1", 1)
    assert run.result().status == "succeeded"
    assert run.settled_as("p").call_key == run.due("p").call_key
    assert statuses(run)["p!proposal"] == "succeeded"
    run.check()


def test_a_proposal_that_was_refused_is_asked_for_again():
    run = proposing(repairs_max=0)
    run.end("p", {"not": "a graph"})
    assert run.error("p").code == "IL6014"
    assert types(run.reopen()) == ["start p 1"]
    run.end("p", PROPOSED)
    run.end("p/write_1", 1)
    run.end("p/read_1", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_scopes_are_opened_again_at_any_depth():
    bodies = {"turn": TURN, "item": body(repeat("result.n > 8", "r", graph="turn"), name="item"),
              "body": body(each("['p', 'q']", "m", graph="item"))}  # fmt: skip
    run = driven(sub("s"), graphs=bodies, limits=Limits(scopes_max=8))
    run.end("s/m[0]/r#1/x", 9)
    run.end("s/m[1]/r#1/x", 1)
    run.end("s/m[1]/r#2/x", NOT_APPLIED)
    assert types(run.reopen()) == ["start s/m[1]/r#2/x 1"]
    run.check()
    run.end("s/m[1]/r#2/x", 9)
    assert run.result().status == "succeeded"
    assert generations(run)["s/m[1]/r#2/x"] == [1, 2]
    run.check()


# --- after an undo


def test_what_was_undone_is_executed_again_and_undone_anew():
    run = driven(done("a"), call("z", "read", needs=("a",), on_error="undo"))
    run.end("a", 1)
    run.end("z", failure())
    run.end("a!undo", 1)
    assert types(run.reopen()) == ["start a 1"]
    assert statuses(run) == {}
    run.end("a", 1)
    run.end("z", failure())
    assert run.due("a!undo").generation == 2
    run.end("a!undo", 1)
    assert len(set(keys(run))) == len(keys(run)) == 4
    run.check()


def test_what_could_not_be_undone_is_not_executed_again():
    run = driven(done("a"), done("b", "a"), call("z", "read", needs=("b",), on_error="undo"))
    run.end("a", 1)
    run.end("b", 1)
    run.end("z", failure())
    run.end("b!undo", REFUSED)
    assert types(run.reopen()) == ["start z 1"]
    run.end("z", failure())
    assert run.due("b!undo").generation == 2
    run.end("b!undo", 1)
    run.end("a!undo", 1)
    assert len(set(keys(run))) == len(keys(run))
    run.check()


def test_an_undo_that_broke_its_promise_is_not_repeated():
    run = driven(done("a"), call("z", "read", needs=("a",), on_error="undo"))
    run.end("a", 1)
    run.end("z", failure())
    run.end("a!undo", "text")
    run.reopen()
    assert run.end("z", failure()) == []
    assert "but `a!undo` violated" in run.run_error().message
    run.check()


@pytest.mark.parametrize("kind", ["graph", "map"])
def test_a_scope_of_which_a_part_was_undone_goes_on(kind: str):
    bodies = {"body": body(done("x"), call("y", "write", needs=("x",)), outputs={"n": "${{ y }}"})}
    node = sub("m") if kind == "graph" else each("['p']", "m")
    scope = "m" if kind == "graph" else "m[0]"
    run = driven(node, call("z", "read", needs=("m",), on_error="undo"), graphs=bodies)
    run.end(f"{scope}/x", 1)
    run.end(f"{scope}/y", 2)
    run.end("z", failure())
    run.end(f"{scope}/x!undo", 1)
    assert statuses(run)["m"] == "undone"
    # What nothing takes back has happened: it is not repeated.
    assert types(run.reopen()) == [f"start {scope}/x 1"]
    run.end(f"{scope}/x", 1)
    run.end("z", 1)
    assert run.result().status == "succeeded"
    assert generations(run)[f"{scope}/y"] == [1]
    assert set(statuses(run).values()) == {"succeeded"}
    run.check()


def test_turns_that_were_undone_are_executed_again_from_the_first_of_them():
    bodies = {"body": body(done("x"), outputs={"n": "${{ x }}"})}
    run = driven(
        repeat("result.n > 8"), call("z", "read", needs=("r",), on_error="undo"), graphs=bodies
    )
    run.end("r#1/x", 1)
    run.end("r#2/x", 9)
    run.end("z", failure())
    run.end("r#2/x!undo", 1)
    run.end("r#1/x!undo", 1)
    assert types(run.reopen()) == ["start r#1/x 1"]
    run.end("r#1/x", 9)
    run.end("z", 1)
    assert run.result().status == "succeeded"
    assert statuses(run) == {"r": "succeeded", "r#1/x": "succeeded", "z": "succeeded"}
    run.check()


def test_turns_of_which_a_part_was_undone_go_on_one_after_another():
    bodies = {"body": body(done("x"), call("y", "write", needs=("x",)), outputs={"n": "${{ x }}"})}
    run = driven(
        repeat("result.n > 8"), call("z", "read", needs=("r",), on_error="undo"), graphs=bodies
    )
    for turn, value in ((1, 1), (2, 9)):
        run.end(f"r#{turn}/x", value)
        run.end(f"r#{turn}/y", 2)
    run.end("z", failure())
    run.end("r#2/x!undo", 1)
    run.end("r#1/x!undo", 1)
    # What nothing takes back has happened, in each of the turns: it is not repeated.
    assert types(run.reopen()) == ["start r#1/x 1"]
    assert types(run.end("r#1/x", 1))[-1:] == ["start r#2/x 1"]
    run.end("r#2/x", 9)
    run.end("z", 1)
    assert run.result().status == "succeeded"
    assert [generations(run)[f"r#{turn}/{node}"] for turn in (1, 2) for node in "xy"] == [
        [1, 2], [1], [1, 2], [1],
    ]  # fmt: skip
    assert set(statuses(run).values()) == {"succeeded"}
    run.check()


def test_a_composite_that_was_undone_as_a_whole_is_executed_as_a_whole():
    run = driven(
        sub("s", undo=undo("s")),
        call("z", "read", needs=("s",), on_error="undo"),
        graphs={"body": INNER},
    )
    run.end("s/x", 1)
    run.end("s/y", 1)
    run.end("z", failure())
    run.end("s!undo", 1)
    assert types(run.reopen()) == ["start s/x 1"]
    run.end("s/x", 1)
    run.end("s/y", 1)
    run.end("z", 1)
    assert generations(run)["s/x"] == [1, 2]
    run.check()


# --- recovery


@pytest.mark.parametrize("crash", range(5))
def test_a_recovery_in_between_changes_nothing(crash: int):
    def ended(crash: int | None) -> Driven:
        run = driven(
            done("a"), each("inputs.l", "m", needs=("a",)), call("b", "read", needs=("m",)),
            graphs={"body": INNER}, inputs={"l": STRINGS}, given={"l": ["p", "q"]},
        )  # fmt: skip
        script: list[tuple[str, Any]] = [
            ("a", 1),
            ("m[0]/x", 1),
            ("m[1]/x", 1),
            ("m[0]/y", failure()),
            ("m[1]/y", failure()),
        ]
        again: list[tuple[str, Any]] = [("m[0]/y", 1), ("m[1]/y", 1), ("b", 1)]
        for path, result in script:
            run.end(path, result) if path in dict(script) else None
        assert run.result().status == "failed"
        run.reopen()
        for position, (path, result) in enumerate(again):
            if crash == position:
                run.recover()
            run.end(path, result)
            run.check()
        return run

    assert ended(crash).state.execution == ended(None).state.execution
