"""A repeat goes round, a scope a turn, until its condition holds."""

from typing import Any

import pytest

from interlock.journal import NodeCancelled, NodeSettled, RunCancelled
from interlock.plan import Limits
from interlock.values import Path
from unit.engine.driving import INTEGER, Driven, call, failure, plan_of, types
from unit.engine.making import body, each, gate, repeat, sub, wait

CARRY: dict[str, Any] = {"with_": {"n": 0}, "carry": {"n": "${{ result.n + 1 }}"}}


def round_and_round(until: str = "result.n >= 10", **options: Any) -> Driven:
    limits = options.pop("limits", None)
    look = options.pop("action", "read")
    turn = body(
        call("look", look, with_={"label": "look", "values": ["${{ inputs.n }}"]}),
        inputs={"n": INTEGER},
        outputs={"n": "${{ look }}"},
    )
    node = repeat(until, **{**CARRY, **options})
    outputs = {"n": "${{ r.n }}", "turns": "${{ r.turns }}"}
    return Driven(plan_of(node, graphs={"body": turn}, outputs=outputs, limits=limits))


def given(run: Driven, path: str) -> Any:
    args: Any = run.due(path).args.json
    return args["values"]


def test_each_turn_is_given_what_was_carried_from_the_last():
    run = round_and_round()
    assert given(run, "r#1/look") == [0]
    assert types(run.end("r#1/look", 4)) == ["start r#2/look 1"]
    assert given(run, "r#2/look") == [5]
    run.end("r#2/look", 10)
    assert run.output() == {"n": 10, "turns": 2}
    assert {path for path in run.state.outcomes if "look" in path} == {"r#1/look", "r#2/look"}
    run.check()


def test_what_is_not_carried_stays_as_it_was():
    turn = body(
        call("a", "read", with_={"label": "a", "values": ["${{ inputs.x }}", "${{ inputs.n }}"]}),
        inputs={"x": INTEGER, "n": INTEGER},
        outputs={"n": "${{ a }}"},
    )
    node = repeat("result.n > 1", with_={"x": 7, "n": 1}, carry={"n": "${{ result.n }}"})
    run = Driven(plan_of(node, graphs={"body": turn}))
    run.end("r#1/a", 0)
    assert given(run, "r#2/a") == [7, 0]
    run.check()


def test_at_its_maximum_it_fails():
    run = round_and_round(max=2)
    run.end("r#1/look", 1)
    run.end("r#2/look", 2)
    error = run.error("r")
    assert error.code == "IL6024"
    assert "2 turns: result.n >= 10" in error.message
    assert run.result().status == "failed"
    run.check()


def test_at_its_maximum_it_may_yield_the_last():
    run = round_and_round(max=2, on_max="last")
    run.end("r#1/look", 1)
    run.end("r#2/look", 2)
    assert run.output() == {"n": 2, "turns": 2}
    run.check()


def test_the_last_turn_that_is_allowed_may_be_the_right_one():
    run = round_and_round(max=2)
    run.end("r#1/look", 1)
    run.end("r#2/look", 10)
    assert run.output() == {"n": 10, "turns": 2}


@pytest.mark.parametrize("status", ["failed", "refused", "cancelled"])
def test_a_turn_that_does_not_succeed_ends_the_repeat_the_same_way(status: str):
    turn = body(gate(), call("a", "read", needs=("g",)), outputs={"n": 1})
    run = Driven(plan_of(repeat("false"), graphs={"body": turn}))
    match status:
        case "failed":
            run.decide("r#1/g")
            run.end("r#1/a", failure())
        case "refused":
            run.decide("r#1/g", "rejected")
        case _:
            run.tell(NodeCancelled(path=Path("r#1/g"), generation=1), actor="ann")
    assert run.settled()["r"] == status
    assert run.result().status == status
    assert run.error("r").code == "IL6013"
    run.check()


@pytest.mark.parametrize(
    "options",
    [
        {"carry": {"n": "${{ 10 / result.n }}"}},
        {"until": "10 / result.n > 3"},
    ],
)
def test_what_has_no_value_after_a_turn_fails_the_repeat(options: Any):
    run = round_and_round(**{"until": "false", **options})
    run.end("r#1/look", 0)
    assert run.error("r").code == "IL6007"
    assert "after turn 1" in run.error("r").message
    run.check()


def test_carried_inputs_of_the_wrong_type_fail_the_repeat():
    run = Driven(
        plan_of(
            repeat("false", **{**CARRY, "carry": {"n": "${{ result.any }}"}}),
            graphs={
                "body": body(
                    call("propose", "propose"),
                    inputs={"n": INTEGER},
                    outputs={"any": "${{ propose }}"},
                )
            },
        )
    )
    run.end("r#1/propose", "text")
    assert run.error("r").code == "IL2010"
    run.check()


def test_turns_count_as_scopes():
    run = round_and_round(limits=Limits(scopes_max=3), max=9)
    run.end("r#1/look", 1)
    run.end("r#2/look", 1)
    assert run.error("r").code == "IL5102"
    run.check()


def test_a_repeat_that_has_nothing_to_do_goes_round_all_the_same():
    run = Driven(plan_of(repeat("false", max=500, on_max="last"), graphs={"body": body()}))
    assert run.value("r") == {"turns": 500}
    run.check()


def test_the_next_turn_does_not_begin_when_the_repeat_is_to_stop():
    run = round_and_round(action="keyed")
    run.start("r#1/look")
    run.tell(RunCancelled(), actor="ann")
    run.end("r#1/look", 1)
    assert run.settled() == {"r#1/look": "succeeded", "r": "cancelled"}
    assert run.result().status == "cancelled"
    run.check()


def test_what_came_is_kept_when_the_last_turn_was_good_in_spite_of_a_stop():
    run = round_and_round(action="keyed")
    run.start("r#1/look")
    run.tell(NodeCancelled(path=Path("r"), generation=1), actor="ann")
    run.end("r#1/look", 10)
    assert run.settled() == {"r#1/look": "succeeded", "r": "succeeded"}
    run.check()


def test_a_gate_in_a_repeat_is_asked_again_each_turn():
    turn = body(
        gate(ask="Version ${{ inputs.n }}?"),
        call("act", "keyed", needs=("g",), with_={"label": "p", "values": ["${{ inputs.n }}"]}),
        inputs={"n": INTEGER},
        outputs={"n": "${{ act }}"},
    )
    run = Driven(plan_of(repeat("result.n >= 10", **CARRY), graphs={"body": turn}))
    run.decide("r#1/g")
    run.end("r#1/act", 3)
    assert run.asked("r#2/g").ask.json == "Version 4?"
    assert run.asked("r#2/g").binding != run.asked("r#1/g").binding
    run.decide("r#2/g")
    run.end("r#2/act", 10)
    assert run.result().status == "succeeded"
    run.check()


def test_everything_nests_in_everything():
    """A repeat in an item in a turn, with a wait and a gate innermost."""
    inner = body(
        gate(),
        wait(signal="go", after=("g",), returns=INTEGER),
        outputs={"n": "${{ w }}"},
        name="inner",
    )
    item = body(
        repeat("result.n > 1", "again", "inner"), outputs={"n": "${{ again.n }}"}, name="item"
    )
    turn = body(
        each("[1, 2]", "all", "item"),
        sub("one", "inner", needs=("all",)),
        outputs={"n": "${{ all.count }}"},
        name="turn",
    )
    graphs = {"inner": inner, "item": item, "turn": turn}
    run = Driven(plan_of(repeat("false", "top", "turn", max=2, on_max="last"), graphs=graphs))
    asleep: set[str] = set()
    while run.state.status is None:
        path = next(iter(run.state.asleep))
        asleep.add(path)
        if path.endswith("/g"):
            run.decide(path)
        else:
            run.signal("go", 1 if "again#1" in path else 2, path=path)
        if run.state.status is None:
            run.recover()
    run.check()
    assert run.result().status == "succeeded"
    assert {path for path in asleep if path.startswith("top#2")} == {
        *(f"top#2/all[{n}]/again#{turn}/{id_}" for n in (0, 1) for turn in (1, 2) for id_ in "gw"),
        "top#2/one/g",
        "top#2/one/w",
    }
    settled = [e.event.path for e in run.entries if isinstance(e.event, NodeSettled)]
    assert len(settled) == len(set(settled))
