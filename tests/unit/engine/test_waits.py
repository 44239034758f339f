"""Waiting: for a time, for a signal, for a signal until a time."""

from typing import Any

import pytest

from interlock.engine import IllegalTransition, initial, step
from interlock.journal import (
    Entry,
    NodeCancelled,
    RunCancelled,
    SignalReceived,
    TimerFired,
    Value,
    WaitOpened,
)
from interlock.values import Json, Path
from unit.engine.driving import INTEGER, RUN, START_MS, Driven, call, plan_of, types
from unit.engine.making import body, each, gate, wait

HOUR_MS = 3_600_000
ORDER = {"type": "object", "properties": {"id": INTEGER}, "required": ["id"]}


def opened(run: Driven, path: str = "w") -> WaitOpened:
    events = [entry.event for entry in run.entries]
    return next(e for e in events if isinstance(e, WaitOpened) and e.path == path)


# --- for a time


def test_a_wait_for_a_time_yields_null_when_it_has_come():
    run = Driven(plan_of(wait(for_ms=HOUR_MS), outputs={"w": "${{ w }}"}))
    assert types(run.orders) == [f"timer w {HOUR_MS}"]
    assert run.state.running == 0
    run.now_ms += HOUR_MS
    run.fire("w")
    assert run.output() == {"w": None}
    assert run.settled_as("w").call_key is None
    run.check()


def test_the_time_counts_from_when_the_wait_starts():
    run = Driven(plan_of(call("a", "read"), wait(for_ms=HOUR_MS, needs=("a",))))
    run.now_ms += 500
    run.end("a", 1)
    assert opened(run).until_ms == START_MS + 500 + HOUR_MS


@pytest.mark.parametrize("early_ms", [1, HOUR_MS])
def test_a_timer_that_fires_early_is_illegal(early_ms: int):
    run = Driven(plan_of(wait(for_ms=HOUR_MS)))
    run.now_ms += HOUR_MS - early_ms
    with pytest.raises(IllegalTransition, match=f"`w` fired {early_ms} ms early"):
        run.fire("w")


def test_a_wait_for_a_time_takes_no_signal():
    run = Driven(plan_of(wait(for_ms=HOUR_MS)))
    run.signal("go", path="w")
    assert run.settled() == {}
    run.check()


@pytest.mark.parametrize("path", ["a", "w", "nothing", ""])
def test_a_timer_that_nobody_set_is_illegal(path: str):
    run = Driven(plan_of(call("a", "read"), wait(signal="go")))
    with pytest.raises(IllegalTransition, match="no timer was set"):
        run.tell(TimerFired(path=Path(path), generation=1))


def test_a_timer_of_another_generation_is_illegal():
    run = Driven(plan_of(wait(for_ms=1)))
    run.now_ms += 1
    with pytest.raises(IllegalTransition, match="another generation"):
        run.tell(TimerFired(path=Path("w"), generation=2))


def test_a_timer_that_fires_after_its_wait_has_ended_changes_nothing():
    run = Driven(plan_of(wait(signal="go", for_ms=HOUR_MS), wait("other", signal="stop")))
    run.signal("go", 1)
    run.now_ms += HOUR_MS
    assert run.fire("w") == []
    assert run.settled() == {"w": "succeeded"}
    run.check()


def test_a_timer_that_fires_while_the_end_of_its_wait_is_being_recorded_changes_nothing():
    run = Driven(plan_of(wait(signal="go", for_ms=HOUR_MS)))
    run.hold()
    run.signal("go", 1)
    run.now_ms += HOUR_MS
    run.fire("w")
    run.release()
    assert run.result().status == "succeeded"
    run.check()


# --- for a signal


def test_the_payload_of_a_signal_is_the_output():
    run = Driven(plan_of(wait(signal="go", returns=ORDER), outputs={"id": "${{ w.id }}"}))
    assert run.orders == []
    run.signal("go", {"id": 7})
    assert run.output() == {"id": 7}
    run.check()


def test_a_payload_of_the_wrong_type_fails_the_wait():
    run = Driven(plan_of(wait(signal="go", returns=ORDER)))
    run.signal("go", {"id": "seven"})
    error = run.error("w")
    assert error.code == "IL6004"
    assert error.hint == "send `w` what it `returns`, once the run is opened again"
    assert run.value("w") == {"id": "seven"}
    assert run.result().status == "failed"
    run.check()


def test_a_payload_that_breaks_the_postcondition_fails_the_wait():
    run = Driven(plan_of(wait(signal="go", ensure=("result > 3",), returns=INTEGER)))
    run.signal("go", 3)
    assert run.error("w").code == "IL6005"
    run.check()


def test_another_signal_wakes_nobody():
    run = Driven(plan_of(wait(signal="go")))
    run.signal("stop")
    run.signal("go", path="nobody")
    assert run.settled() == {}
    run.check()


def test_a_signal_that_came_before_is_kept():
    run = Driven(plan_of(call("a", "read"), wait(signal="go", for_ms=HOUR_MS, needs=("a",))))
    run.signal("go", 1)
    run.signal("go", 2)
    run.end("a", 1)
    assert run.value("w") == 1
    assert [o for o in types(run.orders) if o.startswith("timer")] == []
    settled = next(e for e in run.entries if e.event == run.settled_as("w"))
    assert [type(run.entries[seq - 1].event) for seq in settled.causes] == [
        SignalReceived,
        WaitOpened,
    ]
    run.check()


def test_a_signal_that_came_before_wakes_one_wait_only():
    later = (wait("v", signal="go", needs=("a",)), wait(signal="go", needs=("a",)))
    run = Driven(plan_of(call("a", "read"), *later))
    run.signal("go", 1)
    run.end("a", 1)
    assert (run.value("v"), run.settled().get("w")) == (1, None)
    assert run.state.signals[Path("")] == []
    run.check()


def test_a_kept_signal_for_the_path_comes_before_one_for_anybody():
    run = Driven(plan_of(call("a", "read"), wait(signal="go", needs=("a",))))
    run.signal("go", "for anybody")
    run.signal("other", "of another name", path="w")
    run.signal("go", "for w", path="w")
    run.end("a", 1)
    assert run.value("w") == "for w"
    run.check()


def test_a_signal_for_a_path_wakes_the_wait_there():
    run = Driven(plan_of(wait("a", signal="go"), wait("b", signal="go")))
    run.signal("go", 1, path="b")
    assert run.settled() == {"b": "succeeded"}
    run.check()


def test_of_two_waits_the_one_that_opened_first_gets_the_signal():
    run = Driven(
        plan_of(call("a", "read"), wait("v", signal="go"), wait(signal="go", needs=("a",)))
    )
    run.end("a", 1)
    run.signal("go", 1)
    assert (run.settled().get("v"), run.settled().get("w")) == ("succeeded", None)
    run.signal("go", 2)
    assert (run.value("v"), run.value("w")) == (1, 2)
    run.check()


def test_a_signal_wakes_one_wait_only_and_two_signals_two():
    run = Driven(plan_of(call("a", "read"), wait("v", signal="go"), wait(signal="go")))
    run.signal("go", 1)
    run.signal("go", 2)
    run.signal("go", 3)
    assert (run.value("v"), run.value("w")) == (1, 2)
    assert [kept[1].json for kept in run.state.signals[Path("")]] == [3]
    run.check()


def test_a_signal_before_the_run_is_illegal():
    state = initial(plan_of(wait(signal="go")), RUN)
    event = SignalReceived(path=Path(""), name="go", payload=Value.of(1))
    with pytest.raises(IllegalTransition, match="before the run has started"):
        step(state, Entry(event, START_MS, 1))


# --- until a time


@pytest.mark.parametrize("late_ms", [0, 5])
def test_a_signal_that_does_not_come_in_time_fails_the_wait(late_ms: int):
    run = Driven(plan_of(wait(signal="go", for_ms=HOUR_MS)))
    run.now_ms += HOUR_MS + late_ms
    run.fire("w")
    error = run.error("w")
    assert error.code == "IL6023"
    assert "go" in error.message
    assert run.result().status == "failed"
    run.check()


def test_a_signal_is_good_until_the_timer_has_fired():
    run = Driven(plan_of(wait(signal="go", for_ms=HOUR_MS)))
    run.now_ms += HOUR_MS
    run.signal("go", 1)
    assert run.result().status == "succeeded"
    assert run.state.timers == {}
    run.check()


def test_a_signal_after_the_time_is_kept_for_the_next():
    run = Driven(
        plan_of(
            wait(signal="go", for_ms=HOUR_MS, on_error="continue"),
            wait("next", signal="go", after=("w",)),
        )
    )
    run.now_ms += HOUR_MS
    run.fire("w")
    run.signal("go", 1)
    assert run.settled() == {"w": "failed", "next": "succeeded"}
    run.check()


# --- in other scopes


def items(run_of: Json = None, **options: Any) -> Driven:
    inner = body(
        wait(signal="paid", returns=INTEGER),
        call("act", "keyed", with_={"label": "a", "values": ["${{ w }}"]}),
        inputs={"n": INTEGER},
        outputs={"n": "${{ act }}"},
    )
    node = each("[1, 2, 3]", with_={"n": "${{ item }}"}, **options)
    return Driven(plan_of(node, graphs={"body": inner}, outputs={"all": "${{ each.results }}"}))


def test_each_item_of_a_map_waits_for_itself():
    run = items()
    assert list(run.state.asleep) == ["each[0]/w", "each[1]/w", "each[2]/w"]
    assert types(run.signal("paid", 20, path="each[1]/w")) == ["start each[1]/act 1"]
    assert types(run.signal("paid", 10)) == ["start each[0]/act 1"]
    assert types(run.signal("paid", 30)) == ["start each[2]/act 1"]
    for index in (2, 0, 1):
        run.end(f"each[{index}]/act", index)
    assert run.output() == {"all": [{"n": 0}, {"n": 1}, {"n": 2}]}
    run.check()


def test_a_signal_may_come_before_its_item_is_opened():
    run = items(limit=1)
    run.signal("paid", 30, path="each[2]/w")
    for index in range(3):
        run.signal("paid", 1)
        run.end(f"each[{index}]/act", index)
        if index == 1:
            break
    run.end("each[2]/act", 2)
    assert run.value("each[2]/w") == 30
    assert run.result().status == "succeeded"
    run.check()


def test_parallel_waits_and_gates_do_not_hold_each_other_up():
    run = Driven(
        plan_of(
            wait("time", for_ms=HOUR_MS),
            wait("signal", signal="go"),
            gate("g"),
            call("a", "keyed", needs=("time",)),
            call("b", "keyed", needs=("signal",)),
            call("c", "keyed", needs=("g",)),
        )
    )
    assert types(run.decide("g")) == ["start c 1"]
    run.end("c", 1)
    assert types(run.signal("go")) == ["start b 1"]
    run.now_ms += HOUR_MS
    assert types(run.fire("time")) == ["start a 1"]
    run.end("a", 1)
    run.end("b", 1)
    assert run.result().status == "succeeded"
    run.check()


# --- with a stop


def test_a_wait_that_opens_in_a_run_that_stops_is_cancelled_and_takes_no_signal():
    run = Driven(plan_of(call("a", "read"), wait(signal="go", for_ms=5, needs=("a",))))
    run.signal("go", 1)
    run.hold()
    run.end("a", 1)
    run.tell(RunCancelled(), actor="ann")
    orders = run.release()
    assert orders == []
    assert run.settled()["w"] == "cancelled"
    assert len(run.state.signals[Path("")]) == 1


def test_a_cancelled_wait_has_no_timer():
    run = Driven(plan_of(wait(signal="go", for_ms=5), wait("other", signal="x")))
    run.tell(NodeCancelled(path=Path("w"), generation=1), actor="ann")
    assert run.settled() == {"w": "cancelled"}
    assert run.state.timers == {}
    assert list(run.state.asleep) == ["other"]
    run.check()


# --- recovery


def test_a_recovery_sets_every_timer_again_and_opens_nothing_twice():
    run = Driven(
        plan_of(
            wait("b", for_ms=HOUR_MS),
            wait("a", signal="go", for_ms=5),
            wait("c", signal="go"),
            gate("g", expires_ms=7),
        )
    )
    before = len(run.entries)
    for _ in range(2):
        assert types(run.recover()) == ["timer a 5", f"timer b {HOUR_MS}", "timer g 7"]
    assert len(run.entries) == before + 2
    run.check()


def test_a_wait_that_was_ordered_and_not_recorded_is_opened_after_a_recovery():
    run = Driven(plan_of(call("a", "read"), wait(for_ms=HOUR_MS, needs=("a",)), gate(needs=("a",))))
    run.hold()
    run.end("a", 1)
    settled = run.holding or []
    run.holding = None
    run.hold()
    run.tell(settled[0])
    run.holding = None
    run.now_ms += 99
    assert types(run.recover()) == [f"timer w {HOUR_MS}"]
    assert list(run.state.asleep) == ["g", "w"]
    run.check()
