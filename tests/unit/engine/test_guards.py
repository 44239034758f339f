"""When a node starts, and when it settles without being called."""

from typing import Any

import pytest

from interlock.engine import idempotency_key
from interlock.values import Json, Path, RunId
from unit.engine.driving import INTEGER, RUN, Driven, call, failure, plan_of, types


def one(x: Json = 1, **options: Any) -> Driven:
    return Driven(plan_of(call("a", "read", **options), inputs={"x": True}), {"x": x})


# --- guards


def test_a_guard_that_is_false_skips():
    run = one(when="inputs.x > 1")
    assert run.settled() == {"a": "skipped"}
    assert run.error("a").code == "IL6019"
    assert run.result().status == "succeeded"
    run.check()


def test_a_guard_that_is_true_starts():
    assert types(one(2, when="inputs.x > 1").orders) == ["start a 1"]


def test_a_precondition_that_is_false_fails():
    run = one(require=("size(args.values) == 0", "inputs.x > 1"))
    assert run.error("a").code == "IL6006"
    assert run.error("a").permanent
    run.check()


@pytest.mark.parametrize(
    "options",
    [
        {"when": "inputs.x / 0 > 1"},
        {"when": "inputs.x"},
        {"require": ("inputs.x / 0 > 1",)},
        {"with_": {"label": "a", "values": ["${{ inputs.x / 0 }}"]}},
    ],
)
def test_an_expression_that_cannot_be_evaluated_fails(options: Any):
    run = one(**options)
    assert run.settled() == {"a": "failed"}
    assert run.error("a").code == "IL6007"
    run.check()


def test_an_error_inside_text_fails():
    run = one([1], with_={"label": "a ${{ inputs.x }}", "values": []})
    assert run.error("a").code == "IL6007"
    run.check()


# --- dependencies


def test_a_node_starts_when_all_that_it_waits_for_has_settled():
    run = Driven(
        plan_of(
            call("a", "read"),
            call("b", "read"),
            call("c", "read", needs=("a",), after=("b",)),
        )
    )
    assert types(run.orders) == ["start a 1", "start b 1"]
    assert run.end("a", 1) == []
    assert types(run.end("b", failure())) == ["start c 1"]
    run.check()


def test_nodes_that_become_ready_together_start_in_canonical_order():
    rest = [call(name, "read", needs=("z",)) for name in ("d", "b", "c", "a")]
    run = Driven(plan_of(*rest, call("z", "read")))
    assert [order.path for order in run.end("z", 1)] == ["a", "b", "c", "d"]


def test_whatever_needs_a_node_that_did_not_succeed_is_skipped():
    run = Driven(
        plan_of(
            call("a", "read", on_error="continue"),
            call("b", "read", needs=("a",)),
            call("c", "read", needs=("b",)),
            call(
                "d", "read", when="nodes.a.error != null ? nodes.a.error.code == 'IL6001' : false"
            ),
        )
    )
    assert types(run.end("a", failure())) == ["start d 1"]
    run.end("d", 1)
    assert run.settled() == {"a": "failed", "b": "skipped", "c": "skipped", "d": "succeeded"}
    told = {name: (run.error(name).code, run.error(name).message) for name in "bc"}
    assert told == {"b": ("IL6018", "`a` failed"), "c": ("IL6018", "`b` was skipped")}
    assert run.result().status == "succeeded"
    run.check()


def test_what_a_write_returned_in_vain_is_not_its_output():
    run = Driven(
        plan_of(
            call("a", "write", on_error="continue"),
            call("b", "read", when="nodes.a.status == 'violated' && nodes.a.output == null"),
        )
    )
    assert types(run.end("a", "no integer")) == ["start b 1"]


def test_siblings_of_a_failure_go_on():
    run = Driven(plan_of(call("a", "read"), call("b", "read"), call("c", "read", needs=("b",))))
    run.end("a", failure())
    assert types(run.end("b", 1)) == ["start c 1"]
    run.end("c", 1)
    assert run.result().status == "failed"
    assert run.run_error().code == "IL6013"
    run.check()


def test_outputs_of_others_are_read_as_their_schema_says():
    run = Driven(
        plan_of(
            call("a", "read"),
            call("b", "read", with_={"label": "b", "values": ["${{ a + 1 }}"]}),
        )
    )
    run.end("a", 41)
    assert run.due("b").args.json == {"label": "b", "values": [42]}


def test_defaults_of_inputs_are_bound_into_arguments():
    node = call("a", "read", with_={"label": "a", "values": ["${{ inputs.n }}"]})
    assert isinstance(INTEGER, dict)
    run = Driven(plan_of(node, inputs={"n": {**INTEGER, "default": 5}}), {"n": 5})
    assert run.due("a").args.json == {"label": "a", "values": [5]}


# --- outputs


def test_an_optional_output_is_left_out_when_its_node_did_not_succeed():
    run = Driven(
        plan_of(
            call("a", "read", when="inputs.x"),
            outputs={"n": "${{ a }}", "s": "${{ nodes.a.status }}"},
            optional=frozenset(("n",)),
            inputs={"x": {"type": "boolean"}},
        ),
        {"x": False},
    )
    assert run.output() == {"s": "skipped"}
    run.check()


def test_the_first_failure_in_canonical_order_is_told():
    run = Driven(plan_of(call("b", "read"), call("a", "read")))
    run.end("b", failure(message="second"))
    run.end("a", failure(message="first"))
    assert run.run_error().message == "`a` failed: first"


# --- the execution digest


def test_digests_of_what_happened_leave_out_time_attempts_and_order():
    def run(order: str, *, slow: bool) -> Driven:
        plan = plan_of(*(call(name, "metered") for name in "ab"), outputs={"n": "${{ a + b }}"})
        found = Driven(plan)
        for name in order:
            if slow:
                found.now_ms += 999
                found.start(name)
                found.recover()
            found.end(name, ord(name))
        return found

    digests = {run("ab", slow=False).state.execution, run("ba", slow=False).state.execution}
    assert digests == {run("ab", slow=True).state.execution}


@pytest.mark.parametrize("change", [{"value": 8}, {"x": 2}, {"fails": True}])
def test_digests_of_what_happened_tell_differences(change: dict[str, Any]):
    def run(value: int = 7, x: int = 1, *, fails: bool = False) -> Driven:
        found = one(x)
        found.end("a", failure() if fails else value)
        return found

    assert run().state.execution == run().state.execution
    assert run().state.execution != run(**change).state.execution


def test_conditions_that_all_hold_change_nothing():
    run = one(require=("true", "inputs.x == 1"), ensure=("result == 7", "args.label == 'a'"))
    run.end("a", 7)
    assert run.settled() == {"a": "succeeded"}
    run.check()


def test_idempotency_keys_belong_to_a_run_a_path_and_a_generation():
    key = idempotency_key(RUN, Path("a"), 1)
    assert key == idempotency_key(RUN, Path("a"), 1)
    others = [
        idempotency_key(RunId("R2"), Path("a"), 1),
        idempotency_key(RUN, Path("b"), 1),
        idempotency_key(RUN, Path("a"), 2),
    ]
    assert len({key, *others}) == 4
