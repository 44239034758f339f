"""A paused run starts nothing new; what is under way ends, and what sleeps may wake."""

import pytest

from interlock.engine import IllegalTransition, initial, step
from interlock.graph import Retry
from interlock.journal import Entry, NodeCancelled, RunCancelled, RunPaused, RunUnpaused
from interlock.values import Path
from unit.engine.driving import RUN, START_MS, Driven, call, failure, plan_of, types
from unit.engine.making import body, each, gate, repeat, wait

TWICE = Retry(attempts=2, delay_ms=100)


def test_what_is_under_way_ends_and_nothing_new_starts():
    run = Driven(plan_of(call("a", "keyed"), call("b", "keyed", needs=("a",))))
    run.start("a")
    assert run.pause() == []
    assert run.end("a", 1) == []
    assert run.settled() == {"a": "succeeded"}
    assert run.state.running == 0
    assert types(run.unpause()) == ["start b 1"]
    run.end("b", 1)
    assert run.result().status == "succeeded"
    run.check()


def test_what_is_held_starts_in_canonical_order():
    nodes = [call(id_, "read") for id_ in "cab"]
    after = [call(f"{id_}2", "read", needs=(id_,)) for id_ in "abc"]
    run = Driven(plan_of(*nodes, *after))
    run.pause()
    for id_ in "cab":
        run.end(id_, 1)
    assert types(run.unpause()) == ["start a2 1", "start b2 1", "start c2 1"]
    run.check()


def test_a_retry_is_held():
    run = Driven(plan_of(call("a", "keyed", retry=TWICE)))
    run.start("a")
    run.pause()
    assert run.end("a", failure()) == []
    assert types(run.unpause()) == ["start a 2"]
    run.end("a", 1)
    run.check()


def test_what_a_person_or_a_time_ends_meanwhile_starts_later():
    run = Driven(
        plan_of(
            gate(),
            wait(signal="go"),
            wait("t", for_ms=5),
            *(call(f"after_{id_}", "keyed", needs=(id_,)) for id_ in ("g", "w", "t")),
        )
    )
    run.pause()
    run.decide("g")
    run.signal("go")
    run.now_ms += 5
    run.fire("t")
    assert run.settled() == {"g": "succeeded", "w": "succeeded", "t": "succeeded"}
    assert types(run.unpause()) == [f"start after_{id_} 1" for id_ in ("g", "t", "w")]
    run.check()


def test_no_gate_and_no_wait_opens_while_paused():
    run = Driven(plan_of(call("a", "read"), gate(needs=("a",)), wait(signal="go", needs=("a",))))
    run.pause()
    run.end("a", 1)
    assert run.state.asleep == {}
    run.signal("go", 1)
    run.unpause()
    assert list(run.state.asleep) == ["g"]
    assert run.settled()["w"] == "succeeded"
    run.check()


def test_turns_and_items_are_held():
    turn = body(call("x", "read"), outputs={"n": "${{ x }}"})
    run = Driven(plan_of(repeat("result.n > 1"), each("[1, 2]", limit=1), graphs={"body": turn}))
    run.pause()
    assert run.end("each[0]/x", 1) == run.end("r#1/x", 1) == []
    assert types(run.unpause()) == ["start each[1]/x 1", "start r#2/x 1"]
    run.check()


def test_an_approval_that_expires_while_paused_allows_nothing():
    run = Driven(plan_of(gate(expires_ms=50), call("a", "keyed", needs=("g",))))
    run.pause()
    run.decide("g")
    run.now_ms += 50
    assert run.unpause() == []
    assert run.error("a").code == "IL6022"
    run.check()


def test_an_approval_that_expires_in_a_pause_after_a_recovery_allows_nothing():
    run = Driven(plan_of(gate(expires_ms=50), call("a", "keyed", needs=("g",))))
    run.decide("g")
    run.pause()
    assert run.recover() == []
    run.now_ms += 50
    assert run.unpause() == []
    assert run.error("a").code == "IL6022"
    run.check()


def test_pausing_twice_is_pausing_once():
    run = Driven(plan_of(call("a", "read"), call("b", "read", needs=("a",))))
    run.pause()
    run.pause()
    run.end("a", 1)
    assert types(run.unpause()) == ["start b 1"]
    assert run.unpause() == []
    run.check()


@pytest.mark.parametrize("event", [RunPaused(), RunUnpaused()])
def test_a_run_that_has_not_started_cannot_be_paused(event: RunPaused | RunUnpaused):
    state = initial(plan_of(), RUN)
    with pytest.raises(IllegalTransition, match="before the run has started"):
        step(state, Entry(event, START_MS, 1))


# --- with a stop


def test_a_node_that_is_held_and_cancelled_does_not_wait_for_the_run_to_go_on():
    run = Driven(plan_of(call("a", "read"), call("b", "keyed", needs=("a",))))
    run.pause()
    run.end("a", 1)
    run.tell(NodeCancelled(path=Path("b"), generation=1), actor="ann")
    assert run.settled()["b"] == "cancelled"
    assert run.result().status == "cancelled"
    run.check()


@pytest.mark.parametrize("whole", [False, True])
def test_a_retry_that_is_held_and_cancelled_is_not_sent(*, whole: bool):
    run = Driven(plan_of(call("a", "metered", retry=TWICE), call("b", "read")))
    run.pause()
    run.end("a", failure())
    cancel = RunCancelled() if whole else NodeCancelled(path=Path("a"), generation=1)
    assert [order for order in types(run.tell(cancel, actor="ann")) if "start" in order] == []
    assert run.settled()["a"] == "cancelled"
    run.unpause()
    run.check()


def test_a_write_that_may_have_happened_is_not_taken_for_cancelled():
    run = Driven(plan_of(call("a", "keyed", retry=TWICE)))
    run.pause()
    run.end("a", failure())
    run.tell(RunCancelled(), actor="ann")
    assert run.state.in_doubt == {"a"}
    run.check()


# --- recovery


def test_a_recovery_of_a_paused_run_starts_nothing():
    run = Driven(
        plan_of(
            call("a", "keyed"),
            call("b", "read"),
            call("c", "keyed", retry=TWICE),
            call("z", "read", needs=("b",)),
            wait(for_ms=9),
        )
    )
    run.start("a")
    run.end("c", failure())
    run.pause()
    run.end("b", 1)
    for _ in range(2):
        assert types(run.recover()) == ["timer w 9"]
    assert types(run.unpause()) == ["start a 2", "start c 2", "start z 1"]
    for id_ in "acz":
        run.end(id_, 1)
    run.now_ms += 9
    run.fire("w")
    run.check()
