"""Undoing: in reverse dependency order, each undo a call of its own."""

from typing import Any

import pytest

from interlock.engine import StartAttempt
from interlock.graph import CallNode, Defaults, Retry, Undo
from interlock.journal import AttemptStarted, RunCancelled
from interlock.plan import Limits
from interlock.values import Path
from unit.engine.driving import NOT_APPLIED, REFUSED, STRINGS, Driven, call, failure, plan_of, types
from unit.engine.making import body, each, gate, repeat, sub


def undo(label: str, action: str = "write", *values: str) -> Undo:
    given: list[Any] = [f"${{{{ {value} }}}}" for value in values]
    return Undo(action=action, with_={"label": f"undo {label}", "values": given})


def done(id_: str, *needs: str, **options: Any) -> CallNode:
    """A write that can be undone."""
    return call(id_, "write", needs=needs, **{"undo": undo(id_), **options})


def fails(id_: str = "z", *needs: str, **options: Any) -> CallNode:
    """A node that has everything undone when it fails."""
    return call(id_, "read", needs=needs, **{"on_error": "undo", **options})


def driven(*nodes: Any, **rest: Any) -> Driven:
    return Driven(plan_of(*nodes, **rest))


def all_done(run: Driven, *paths: str) -> None:
    for path in paths:
        run.end(path, 7)


# --- order


def test_what_succeeded_is_undone_in_reverse_dependency_order():
    run = driven(done("a"), done("b", "a"), fails("z", "b"))
    all_done(run, "a", "b")
    assert types(run.end("z", failure())) == ["start b!undo 1"]
    assert run.state.status is None
    assert types(run.end("b!undo", 1)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.settled() == {
        "a": "succeeded",
        "b": "succeeded",
        "z": "failed",
        "b!undo": "succeeded",
        "a!undo": "succeeded",
    }
    assert run.result().status == "failed"
    assert run.run_error().message == "`z` failed: it failed; 2 undone"
    run.check()


def test_what_does_not_depend_on_each_other_is_undone_in_parallel():
    run = driven(done("a"), done("b", "a"), done("c", "a"), fails("z", "b", "c"))
    all_done(run, "a", "b", "c")
    assert types(run.end("z", failure())) == ["start b!undo 1", "start c!undo 1"]
    assert run.end("c!undo", 1) == []
    assert types(run.end("b!undo", 1)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_undo_passes_through_what_has_none():
    run = driven(done("a"), call("b", "read", needs=("a",)), done("c", "b"), fails("z", "c"))
    all_done(run, "a", "b", "c")
    run.end("z", failure())
    assert types(run.end("c!undo", 1)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_nothing_is_undone_before_all_has_settled():
    run = driven(done("a"), call("b", "write"), fails())
    run.end("a", 7)
    run.start("b")
    assert run.end("z", failure()) == []
    assert types(run.end("b", 7)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


@pytest.mark.parametrize("on_error", ["fail", "continue"])
def test_without_being_asked_for_nothing_is_undone(on_error: Any):
    run = driven(done("a"), fails(on_error=on_error), outputs={})
    run.end("a", 7)
    assert run.end("z", failure()) == []
    assert run.result().status == ("failed" if on_error == "fail" else "succeeded")
    run.check()


def test_a_scope_that_has_nothing_to_undo_ends_at_once():
    run = driven(call("a", "write"), fails())
    run.end("a", 7)
    assert run.end("z", failure()) == []
    assert run.run_error().message == "`z` failed: it failed"
    run.check()


def test_what_failed_was_skipped_or_never_ran_is_not_undone():
    run = driven(
        done("a"), done("b", on_error="undo"), done("c", "b"), done("d", when="inputs.w"),
        inputs={"w": {"type": "boolean", "default": False}},
    )  # fmt: skip
    run.end("a", 7)
    assert types(run.end("b", NOT_APPLIED)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert [path for path in run.settled() if path.endswith("undo")] == ["a!undo"]
    run.check()


def test_a_write_that_broke_its_promise_is_undone():
    run = driven(done("a", on_error="undo"))
    assert types(run.end("a", "text")) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.state.outcomes[Path("a")][0] == "undone"
    assert run.result().status == "failed"
    run.check()


# --- the call


def test_an_undo_reads_what_its_node_had():
    given = {"label": "undo ${{ args.label }}", "values": ["${{ result }}", "${{ a }}"]}
    run = driven(done("a", undo=Undo(action="write", with_=given)), fails("z", "a"))
    run.end("a", 7)
    run.end("z", failure())
    assert run.due("a!undo").args.json == {"label": "undo a", "values": [7, 7]}
    run.end("a!undo", 1)
    run.check()


def test_arguments_that_cannot_be_evaluated_fail_the_undo():
    given = {"label": "l", "values": ["${{ 1 / (result - 7) }}"]}
    run = driven(done("a", undo=Undo(action="write", with_=given)), fails("z", "a"))
    run.end("a", 7)
    run.end("z", failure())
    assert run.error("a!undo").code == "IL6007"
    assert run.result().status == "failed"
    run.check()


def test_an_intent_is_ordered_before_an_undo_is_sent():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    order = run.due("a!undo")
    assert not order.ahead
    run.end("a!undo", 1)
    intents = [e.event for e in run.entries if isinstance(e.event, AttemptStarted)]
    assert [intent.path for intent in intents] == ["a", "a!undo"]
    cause = next(e for e in run.entries if e.event == intents[1]).causes
    settled = next(e.seq for e in run.entries if e.event == run.settled_as("a"))
    assert cause == (settled,)
    run.check()


def test_an_undo_is_retried_as_the_graph_says():
    run = driven(
        done("a"), fails(), defaults=Defaults(retry=Retry(attempts=2, delay_ms=10)),
    )  # fmt: skip
    run.end("a", 7)
    run.end("z", failure(permanent=True))
    assert types(run.end("a!undo", NOT_APPLIED)) == ["start a!undo 2"]
    run.end("a!undo", 1)
    assert run.state.outcomes[Path("a")][0] == "undone"
    run.check()


def test_an_undo_that_provably_did_not_happen_is_tried_again():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    for attempt in range(2, 6):
        assert types(run.end("a!undo", NOT_APPLIED)) == [f"start a!undo {attempt}"]
    assert run.end("a!undo", NOT_APPLIED) == []
    assert run.settled()["a!undo"] == "failed"
    run.check()


@pytest.mark.parametrize("result", [REFUSED, failure()])
def test_an_undo_that_is_refused_or_has_no_answer_is_not_sent_again(result: Any):
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    assert run.end("a!undo", result) == []
    run.check()


def test_an_undo_is_tried_no_more_often_than_anything_may_be():
    plan = plan_of(done("a"), fails(), limits=Limits(attempts_max=2))
    undo_of_a = plan.root.nodes[0].undo
    assert undo_of_a is not None
    assert undo_of_a.retry.attempts == 2


def test_what_was_undone_is_in_the_execution_digest():
    def run(result: Any) -> Driven:
        found = driven(done("a"), fails())
        found.end("a", 7)
        found.end("z", failure())
        found.end("a!undo", result)
        found.check()
        return found

    first, same, failed = run(1), run(1), run(REFUSED)
    assert first.state.execution == same.state.execution != failed.state.execution
    assert first.state.outcomes[Path("a")][0] == "undone"
    assert first.state.outcomes[Path("a!undo")][0] == "succeeded"
    assert failed.state.outcomes[Path("a")][0] == "succeeded"


# --- undos that do not succeed


def test_all_that_could_not_be_undone_is_counted():
    run = driven(done("a"), done("b"), done("c"), fails("z", "a", "b", "c"))
    all_done(run, "a", "b", "c")
    run.end("z", failure())
    for path, result in (("a!undo", REFUSED), ("b!undo", 1), ("c!undo", REFUSED)):
        run.end(path, result)
    assert run.run_error().message.endswith(
        "1 undone, but `a!undo` failed: it failed; 1 more could not be"
    )
    run.check()


def test_what_a_stuck_undo_depended_on_stays():
    run = driven(done("a"), done("b", "a"), done("c"), fails("z", "b", "c"))
    all_done(run, "a", "b", "c")
    run.end("z", failure())
    assert run.end("b!undo", REFUSED) == []
    assert run.state.status is None
    run.end("c!undo", 1)
    assert "a!undo" not in run.settled()
    assert run.run_error().message == (
        "`z` failed: it failed; 1 undone, but `b!undo` failed: it failed"
    )
    run.check()


def test_an_undo_in_doubt_waits_for_a_person():
    run = driven(done("a"), done("b", "a"), fails("z", "b"))
    all_done(run, "a", "b")
    run.end("z", failure())
    assert run.end("b!undo", failure()) == []
    assert run.state.in_doubt == {Path("b!undo")}
    assert types(run.resolve("b!undo", "succeeded", 1)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.run_error().message.endswith("2 undone")
    run.check()


@pytest.mark.parametrize("verdict", ["failed", "retry"])
def test_a_person_may_say_that_an_undo_did_not_happen(verdict: Any):
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    run.end("a!undo", failure())
    orders = types(run.resolve("a!undo", verdict))
    assert orders == (["start a!undo 2"] if verdict == "retry" else [])
    if verdict == "retry":
        run.end("a!undo", 1)
    assert run.state.outcomes[Path("a")][0] == ("undone" if verdict == "retry" else "succeeded")
    run.check()


def test_an_undo_that_can_be_asked_for_is():
    run = driven(done("a", undo=undo("a", "probed")), fails())
    run.end("a", 7)
    run.end("z", failure())
    assert types(run.end("a!undo", failure())) == ["probe a!undo 1"]
    run.probed("a!undo", "applied", 1)
    assert run.state.outcomes[Path("a")][0] == "undone"
    run.check()


def test_an_undo_that_broke_its_promise_leaves_its_node():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    run.end("a!undo", "text")
    assert run.settled()["a!undo"] == "violated"
    assert run.state.outcomes[Path("a")][0] == "succeeded"
    run.check()


# --- cancelled runs


def test_a_run_that_is_cancelled_may_be_undone():
    run = driven(done("a"), call("b", "read", needs=("a",)))
    run.end("a", 7)
    run.cancel(undo=True)
    assert types(run.end_cancelled("b")) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.result().status == "cancelled"
    assert run.run_error().message == "`b` was cancelled: ann cancelled it; 1 undone"
    run.check()


def test_nothing_stops_an_undo():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    run.start("a!undo")
    assert run.cancel() == []
    assert run.cancel("a!undo") == []
    run.end("a!undo", 1)
    assert run.result().status == "failed"
    run.check()


def test_a_run_that_was_asked_twice_is_undone():
    run = driven(done("a"), call("b", "read"))
    run.end("a", 7)
    run.cancel()
    run.tell(RunCancelled(undo=True), actor="bob")
    assert types(run.end_cancelled("b")) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_a_run_that_succeeds_all_the_same_is_not_undone():
    run = driven(done("a"), call("b", "keyed"))
    run.end("a", 7)
    run.start("b")
    run.cancel(undo=True)
    assert run.end("b", 7) == []
    assert run.result().status == "succeeded"
    run.check()


def test_a_paused_run_undoes_nothing_until_it_goes_on():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.pause()
    assert run.end("z", failure()) == []
    assert types(run.unpause()) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_a_paused_undo_goes_on_when_its_run_is_cancelled():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.pause()
    run.end("z", failure())
    assert types(run.cancel()) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.result().status == "failed"
    run.check()


# --- scopes


def test_a_scope_is_undone_by_itself():
    bodies = {"body": body(done("x"), fails("y", "x"))}
    run = driven(sub("s", on_error="continue"), done("a"), graphs=bodies)
    all_done(run, "a", "s/x")
    assert types(run.end("s/y", failure())) == ["start s/x!undo 1"]
    run.end("s/x!undo", 1)
    assert run.error("s").message == "`s/y` failed: it failed; 1 undone"
    assert run.result().status == "succeeded"
    run.check()


@pytest.mark.parametrize("kind", ["map", "graph"])
def test_scopes_inside_are_undone(kind: str):
    bodies = {"body": body(done("x"), done("y", "x"))}
    node = each("inputs.l", "m") if kind == "map" else sub("m")
    scopes = ["m[0]", "m[1]"] if kind == "map" else ["m"]
    run = Driven(
        plan_of(done("a"), node, fails("z", "m"), graphs=bodies, inputs={"l": STRINGS}),
        {"l": ["p", "q"]},
    )
    run.end("a", 7)
    for scope in scopes:
        all_done(run, f"{scope}/x", f"{scope}/y")
    orders = run.end("z", failure())
    assert types(orders) == ["start a!undo 1", *(f"start {s}/y!undo 1" for s in scopes)] or (
        sorted(types(orders))
        == sorted(["start a!undo 1", *(f"start {s}/y!undo 1" for s in scopes)])
    )
    run.end("a!undo", 1)
    for scope in scopes:
        all_done(run, f"{scope}/y!undo", f"{scope}/x!undo")
    assert run.state.outcomes[Path("m")][0] == "undone"
    assert run.run_error().message.endswith(f"{1 + 2 * len(scopes)} undone")
    run.check()


def test_what_a_scope_depends_on_waits_for_all_of_it():
    bodies = {"body": body(done("x"))}
    run = Driven(
        plan_of(
            done("a"),
            each("inputs.l", "m", needs=("a",)),
            fails("z", "m"),
            graphs=bodies,
            inputs={"l": STRINGS},
        ),
        {"l": ["p", "q"]},
    )
    all_done(run, "a", "m[0]/x", "m[1]/x")
    run.end("z", failure())
    assert run.end("m[1]/x!undo", 1) == []
    assert types(run.end("m[0]/x!undo", 1)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_a_scope_that_is_stuck_keeps_what_it_depends_on():
    bodies = {"body": body(done("x"))}
    run = driven(done("a"), sub("s", needs=("a",)), fails("z", "s"), graphs=bodies)
    all_done(run, "a", "s/x")
    run.end("z", failure())
    run.end("s/x!undo", REFUSED)
    assert "a!undo" not in run.settled()
    assert run.run_error().message.endswith("0 undone, but `s/x!undo` failed: it failed")
    run.check()


def repeated() -> Driven:
    bodies = {"body": body(done("x"), outputs={"n": "${{ x }}"})}
    run = driven(done("a"), repeat("result.n > 8", needs=("a",)), fails("z", "r"),
                 graphs=bodies)  # fmt: skip
    all_done(run, "a", "r#1/x", "r#2/x")
    run.end("r#3/x", 9)
    return run


def test_turns_are_undone_one_after_the_other_the_last_one_first():
    run = repeated()
    assert types(run.end("z", failure())) == ["start r#3/x!undo 1"]
    assert types(run.end("r#3/x!undo", 1)) == ["start r#2/x!undo 1"]
    assert types(run.end("r#2/x!undo", 1)) == ["start r#1/x!undo 1"]
    assert types(run.end("r#1/x!undo", 1)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_a_stuck_turn_keeps_the_turns_before_it():
    run = repeated()
    run.end("z", failure())
    run.end("r#3/x!undo", 1)
    assert run.end("r#2/x!undo", REFUSED) == []
    assert "r#1/x!undo" not in run.settled()
    assert run.result().status == "failed"
    run.check()


def test_a_composite_that_has_an_undo_is_undone_as_a_whole():
    bodies = {"body": body(done("x"))}
    run = driven(sub("s", undo=undo("s")), fails("z", "s"), graphs=bodies)
    run.end("s/x", 7)
    assert types(run.end("z", failure())) == ["start s!undo 1"]
    run.end("s!undo", 1)
    assert run.state.outcomes[Path("s")][0] == "undone"
    assert run.state.outcomes[Path("s/x")][0] == "succeeded"
    run.check()


def test_a_composite_with_an_undo_that_failed_is_undone_inside():
    bodies = {"body": body(done("x"), call("y", "read", needs=("x",)))}
    run = driven(sub("s", undo=undo("s"), on_error="undo"), graphs=bodies)
    run.end("s/x", 7)
    assert types(run.end("s/y", failure())) == ["start s/x!undo 1"]
    run.end("s/x!undo", 1)
    run.check()


def test_what_was_undone_inside_is_not_undone_again_around():
    bodies = {"body": body(done("x"), done("y"), fails("w", "x", "y"))}
    run = driven(done("a"), sub("s", on_error="undo"), graphs=bodies)
    all_done(run, "a", "s/x", "s/y")
    run.end("s/w", failure())
    run.end("s/x!undo", 1)
    # One undo of the scope is stuck: the scope around does not try it again.
    orders = run.end("s/y!undo", REFUSED)
    assert types(orders) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.run_error().message.count("`s/y!undo` failed") == 2
    run.check()


def test_a_scope_without_nodes_holds_up_no_undo():
    bodies = {"body": body(outputs={"n": "${{ 1 / inputs.v }}"}, inputs={"v": {"type": "integer"}})}
    run = Driven(
        plan_of(
            done("a"), sub("s", with_={"v": "${{ inputs.v }}"}, on_error="undo"),
            graphs=bodies, inputs={"v": {"type": "integer"}},
        ),
        {"v": 0},
    )  # fmt: skip
    assert types(run.end("a", 7)) == ["start a!undo 1"]
    run.end("a!undo", 1)
    run.check()


def test_items_that_were_cancelled_with_their_map_are_undone():
    bodies = {"body": body(done("x"), call("y", "read", needs=("x",)))}
    run = Driven(
        plan_of(each("inputs.l", "m", on_error="undo"), graphs=bodies, inputs={"l": STRINGS}),
        {"l": ["p", "q"]},
    )
    all_done(run, "m[0]/x", "m[1]/x")
    run.end("m[0]/y", failure())
    orders = run.end_cancelled("m[1]/y")
    assert types(orders) == ["start m[0]/x!undo 1", "start m[1]/x!undo 1"]
    all_done(run, "m[0]/x!undo", "m[1]/x!undo")
    assert run.run_error().message.endswith("2 undone")
    run.check()


def test_a_refused_scope_is_undone():
    run = driven(done("a"), gate(needs=("a",), on_error="undo"))
    run.end("a", 7)
    assert types(run.decide("g", "rejected")) == ["start a!undo 1"]
    run.end("a!undo", 1)
    assert run.result().status == "refused"
    run.check()


# --- recovery


def scripted() -> Driven:
    bodies = {"body": body(done("x"))}
    run = driven(
        done("a", undo=undo("a", "keyed")), sub("s", needs=("a",)), done("b", "a"),
        fails("z", "s", "b"), graphs=bodies,
    )  # fmt: skip
    all_done(run, "a", "s/x", "b")
    return run


STEPS = ["z", "s/x!undo", "b!undo", "a!undo"]


@pytest.mark.parametrize("crash", range(8))
def test_a_recovery_goes_on_in_the_middle_of_an_undo(crash: int):
    """Crashes before each end and between each intent and its end; none is sent twice unasked."""
    run = scripted()
    for position, path in enumerate(STEPS):
        if crash == 2 * position:
            run.recover()
        if crash == 2 * position + 1 and path != "z":
            run.start(path)
            run.recover()
            if path != "a!undo":  # which has a key
                assert run.node(path).status == "in_doubt"
                run.resolve(path, "succeeded", 1)
                continue
        run.end(path, failure() if path == "z" else 1)
    outcomes = {path: run.state.outcomes[Path(path)][0] for path in ("a", "s", "s/x", "b")}
    assert outcomes == dict.fromkeys(outcomes, "undone")
    assert run.run_error().message.endswith("3 undone")
    run.check()


def test_all_crashes_give_the_same_execution():
    found: set[Any] = set()
    for crash in range(len(STEPS)):
        run = scripted()
        for position, path in enumerate(STEPS):
            if crash == position:
                run.recover()
            run.end(path, failure() if path == "z" else 1)
        found.add(run.state.execution)
    assert len(found) == 1


def test_the_key_of_an_undo_is_its_own():
    run = driven(done("a"), fails())
    run.end("a", 7)
    run.end("z", failure())
    orders = [order for order in run.orders if isinstance(order, StartAttempt)]
    assert {(order.path, order.generation) for order in orders} == {
        ("a", 1),
        ("z", 1),
        ("a!undo", 1),
    }
    run.end("a!undo", 1)
    run.check()
