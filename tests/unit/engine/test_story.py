"""Stories: what happened to a node, in words; why one is in doubt."""

from inline_snapshot import snapshot

from interlock.engine import Doubt, doubt_of, story, told
from interlock.graph import Retry, Undo
from interlock.plan import Plan
from interlock.values import NodeId, Path
from unit.engine.driving import NOT_APPLIED, REFUSED, START_MS, Driven, call, failure, plan_of
from unit.engine.making import gate
from unit.engine.test_proposals import document, proposing

A = Path("a")
DAY_MS = 24 * 3600 * 1000


def driven(name: str, **options: object) -> Driven:
    return Driven(plan_of(call("a", name, **options), call("b", "write")))


def texts(run: Driven, path: str = "a") -> list[str]:
    return [moment.text for moment in story(run.entries, Path(path))]


def why(run: Driven) -> Doubt:
    found = doubt_of(story(run.entries, A), run.due("a").node.action)
    assert found is not None
    return found


def test_the_story_of_a_write_that_was_asked_about():
    run = driven("safest", retry=Retry(attempts=2, delay_ms=0))
    run.end("a", failure())
    run.end("a", failure())
    run.recover()
    run.probed("a", "not_applied")
    assert texts(run) == snapshot(
        [
            "attempt 1 was about to be sent",
            "attempt 1 failed: IL6001 it failed",
            "attempt 2 was about to be sent",
            "attempt 2 failed: IL6001 it failed",
            "another took the run up",
            "the probe found that the write had not happened",
            "failed: IL6001 it failed",
        ]
    )


def test_the_story_of_a_doubt_that_was_resolved():
    run = driven("probed")
    run.end("a", failure())
    run.probed("a", "unknown")
    run.resolve("a", "succeeded", 7)
    run.recover()
    assert texts(run)[2:] == snapshot(
        [
            "the probe could not tell: no reason given",
            "in doubt: IL6010 the probe could not tell",
            "ann (unauthenticated) resolved it as succeeded",
            "succeeded",
        ]
    )


def test_the_story_of_a_receiver_that_was_asked_again():
    run = driven("probed")
    run.end("a", failure())
    run.probed("a", "unknown")
    run.resolve("a", "ask")
    run.probed("a", "applied", 7)
    assert texts(run)[-3:] == [
        "ann (unauthenticated) had its receiver asked again",
        "the probe found that the write had happened",
        "succeeded",
    ]


def test_the_story_of_a_probe_that_found_the_write():
    run = driven("probed")
    run.end("a", failure())
    run.probed("a", "applied", 7)
    assert texts(run)[-2:] == ["the probe found that the write had happened", "succeeded"]


def test_the_story_of_a_proposal():
    run = proposing(repairs_max=1)
    run.end("p", 7)
    run.end("p", document())
    assert [text.partition(":")[0] for text in texts(run, "p")] == snapshot(
        [
            "attempt 1 was about to be sent",
            "attempt 1 returned",
            "the proposed graph was refused",
            "attempt 2 was about to be sent",
            "attempt 2 returned",
            "the proposed graph was accepted",
        ]
    )


def test_beginning_and_end_of_a_run_are_no_part_of_the_story_of_a_node():
    run = Driven(plan_of(call("a", "pure")))
    run.end("a", 1)
    assert texts(run) == ["succeeded"]
    assert told(run.entries[0]) == "the run was started by test (unauthenticated)"
    assert told(run.entries[-1]) == "the run succeeded"


def test_nothing_is_told_of_a_recovery_before_or_behind_the_story():
    run = driven("metered")
    run.recover()
    run.end("a", 7)
    run.recover()
    assert "another took the run up" not in texts(run)


def test_the_story_of_a_node_that_was_taken_back_and_executed_again():
    undo = Undo(action="write", with_={"label": "back", "values": []})
    last = call("b", "write", after=(NodeId("a"),), on_error="undo")
    run = Driven(plan_of(call("a", "write", undo=undo), last))
    run.end("a", 1)
    run.end("b", NOT_APPLIED)
    run.end("a!undo", REFUSED)
    run.reopen()
    run.end("b", NOT_APPLIED)
    run.end("a!undo", 1)
    run.reopen()
    run.end("a", 2)
    assert texts(run)[2:] == snapshot(
        [
            "succeeded",
            "`a!undo` did not take it back: it failed: IL6009 it failed",
            "`a!undo` took it back",
            "ann (unauthenticated) opened the run again",
            "attempt 1 was about to be sent",
            "attempt 1 returned",
            "succeeded",
        ]
    )


# --- why a node is in doubt


def test_a_write_that_happened_and_broke_its_promise():
    run = driven("write", ensure=("result > 7",))
    run.end("a", 7)
    run.end("b", 7)
    run.reopen()
    assert why(run) == snapshot(
        Doubt(
            sent_ms=1000000,
            what="and it happened, but `ensure` was false: result > 7",
            why="what has happened is there, so Interlock will not repeat it: say what counts",
        )
    )


def test_a_write_that_declares_nothing_is_not_repeated():
    run = driven("write")
    run.end("a", failure())
    assert why(run) == snapshot(
        Doubt(
            sent_ms=1000000,
            what="it failed; it may have happened all the same",
            why="write declares no key and no probe, so Interlock will not repeat it",
        )
    )
    assert why(run).sent_ms == START_MS


def test_a_lost_answer():
    run = driven("write")
    run.start("a")
    run.recover()
    assert why(run).what == "no answer before the process died"


def test_an_answer_that_was_lost_with_an_orderly_stop():
    run = driven("write")
    run.start("a")
    run.recover(orderly=True)
    assert why(run).what == "no answer before the run was stopped"
    assert "another took the run up" in texts(run)


def test_a_probe_that_could_not_tell():
    run = driven("probed")
    run.end("a", failure())
    run.probed("a", "unknown")
    assert why(run).why.startswith("its probe could not tell (no reason given)")


def test_a_window_that_had_passed():
    run = driven("keyed")
    run.start("a")
    run.now_ms += DAY_MS
    run.recover()
    assert why(run).why.startswith("keyed remembers keys for 86400000 ms, which had passed")


def test_a_write_that_was_sent_too_often():
    run = driven("keyed", retry=Retry(attempts=2, delay_ms=0))
    run.end("a", failure())
    run.end("a", failure())
    assert why(run).why.startswith("it was sent 2 times with the same key without an answer")


def test_a_write_that_was_cancelled_before_it_could_be_sent_again():
    run = driven("keyed")
    run.start("a")
    run.cancel()
    run.end_cancelled("a")
    assert why(run).why.startswith("it was sent once without an answer")


def test_a_last_attempt_that_did_not_happen_is_not_the_doubt():
    run = driven("keyed", retry=Retry(attempts=2, delay_ms=0))
    run.end("a", failure())
    run.end("a", NOT_APPLIED)
    assert why(run).what == "it failed; but an attempt before it has no answer"


def test_a_node_that_was_not_sent_is_not_explained():
    run = driven("write")
    assert doubt_of(story(run.entries, A), run.due("a").node.action) is None


def test_the_story_of_a_gate_says_that_an_approval_was_voided():
    def plan(action: str) -> Plan:
        return plan_of(gate(quorum=2), call("pay", action, needs=("g",)))

    run = Driven(plan("write"))
    run.decide("g", by="ann")
    new = plan("keyed")
    run.migrate(new)
    run.decide("g", by="bob")
    assert texts(run, "g") == [
        "asked anybody: Go?",
        "ann (unauthenticated) approved it",
        f"ann (unauthenticated) let the run go on under plan {new.digest}",
        "what was approved before counts for nothing: asked anybody: Go?",
        "another took the run up",
        "bob (unauthenticated) approved it",
    ]


def test_a_gate_that_is_asked_again_in_a_run_that_was_opened_again_voids_nothing():
    run = Driven(plan_of(gate(), call("pay", "write", needs=("g",))))
    run.decide("g")
    run.end("pay", REFUSED)
    run.reopen()
    assert texts(run, "g")[2:] == [
        "succeeded",
        "ann (unauthenticated) opened the run again",
        "asked anybody: Go?",
    ]
