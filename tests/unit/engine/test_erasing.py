"""That parts of events were erased changes nothing about a run, whenever it comes."""

import pytest

from interlock.engine import IllegalTransition, initial, step
from interlock.journal import Entry, PartsErased
from unit.engine.driving import RUN, START_MS, Driven, call, plan_of, types

ERASED = PartsErased(parts=("1.inputs",), rule="GDPR Art. 17")


def test_a_run_goes_on_as_if_nothing_had_been_erased():
    run = Driven(plan_of(call("a", "keyed"), call("b", "keyed", needs=("a",))))
    assert run.tell(ERASED, actor="ann") == []
    run.start("a")
    assert run.tell(ERASED, actor="ann") == []
    assert types(run.end("a", 1)) == ["start b 1"]
    run.end("b", 1)
    assert run.result().status == "succeeded"
    run.check()
    execution = run.state.execution
    assert run.tell(ERASED, actor="ann") == []
    assert (run.state.status, run.state.execution) == ("succeeded", execution)


def test_a_run_that_has_not_started_has_nothing_to_erase():
    with pytest.raises(IllegalTransition, match="`PartsErased` before the run has started"):
        step(initial(plan_of(), RUN), Entry(ERASED, START_MS, 1))
