"""Decisions from outside: checked at the door, durable, and taken once by whoever owns the run."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from pathlib import Path as Path_
from typing import Any, cast

import pytest

from interlock.errors import RunNotFound, RunNotResumable, StoreFailed, UsageError
from interlock.graph import GateNode, WaitNode
from interlock.journal import (
    GateDecided,
    GateOpened,
    GateVerdict,
    Lease,
    Message,
    RunCancelled,
    SignalReceived,
    Value,
)
from interlock.plan import Plan
from interlock.replay import as_told, verify
from interlock.runtime.deciding.messages import KINDS, message_of
from interlock.runtime.owning.leases import LEASE_MS
from interlock.store import MemoryStore, Store, open_store
from interlock.testing import Fault, FaultyStore, Scripted, World
from interlock.values import Digest, NodeId, Path, RunId
from interlock.values.paths import ROOT
from unit.engine.driving import call, plan_of
from unit.runtime.stages import ANN, RUN, Stage, one, virtually

HOUR_MS = 3_600_000
GATE, WAIT = Path("gate"), Path("wait")


def gated(**options: Any) -> Plan:
    gate = GateNode(id=NodeId("gate"), ask="Go on?", needs=(NodeId("a"),), **options)
    return plan_of(call("a", "read"), gate, call("w", "write", needs=("gate",)))


def waiting(**options: Any) -> Plan:
    wait = WaitNode(id=NodeId("wait"), **{"signal": "go", **options})
    return plan_of(wait, outputs={"result": "${{ wait }}"})


def sound(stage: Stage, run: RunId = RUN):
    """The journal verifies, and the row in listings says nothing else."""
    told = verify(run, stage.entries(run)).head
    row = stage.store.head(run)
    assert row is not None
    assert as_told(row) == as_told(told)
    assert stage.store.inbox() == []


def test_a_run_that_waits_for_a_person_is_let_go_and_goes_on_when_approved():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            result = await runtime.run(gated(), run=RUN)
            assert (result.status, result.waiting_for) == ("waiting", (GATE,))
            assert stage.status() == "waiting"
            assert stage.store.ready(now_ms=stage.clock.now_ms()) == []
            assert stage.world.receiver.effects == {}
        async with stage.runtime() as other:
            result = await other.approve(RUN, GATE, actor="ann", reason="fine")
            assert result.status == "succeeded"
        assert stage.world.receiver.effects == {"w": 1}
        (decided,) = [e for e in stage.entries() if e.event.type == "GateDecided"]
        assert decided.actor == ANN
        sound(stage)

    virtually(main)


def test_a_rejected_run_is_refused():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN)
            assert (await runtime.reject(RUN, GATE, reason="no")).status == "refused"
        assert stage.world.receiver.effects == {}
        sound(stage)

    virtually(main)


def test_a_decision_that_makes_no_sense_is_refused_at_the_door():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN)
            wrong = Digest("sha256:" + "0" * 64)
            refused = {
                "the gate `gate` asks about something else": runtime.approve(
                    RUN, GATE, binding=wrong
                ),
                "`w` is no gate; open: gate": runtime.approve(RUN, Path("w")),
                "nothing in it waits for a signal `go`; it may wait for: none": runtime.signal(
                    RUN, "go"
                ),
                "`a` does not wait for a signal `go`": runtime.signal(RUN, "go", path=Path("a")),
                "it has no open node `x`": runtime.cancel_node(RUN, Path("x")),
                "`a` has ended": runtime.cancel_node(RUN, Path("a")),
                "it is not paused": runtime.unpause(RUN),
                "it has not ended": runtime.reopen(RUN),
                "`w` is not in doubt; in doubt: none": runtime.resolve(RUN, Path("w"), "failed"),
                "`a` is not in doubt: it succeeded; in": runtime.resolve(RUN, Path("a"), "failed"),
            }
            for told, decision in refused.items():
                with pytest.raises(RunNotResumable) as caught:
                    await decision
                assert told in caught.value.message
            with pytest.raises(RunNotFound):
                await runtime.cancel(RunId("none"))
            assert stage.store.inbox() == []
            await runtime.reject(RUN, GATE)
            for decision in (runtime.cancel(RUN), runtime.pause(RUN)):
                with pytest.raises(RunNotResumable, match="it was refused"):
                    await decision
            with pytest.raises(RunNotResumable, match="no open gate: it was refused; open: none"):
                await runtime.approve(RUN, GATE)
        sound(stage)

    virtually(main)


def test_a_node_that_waits_for_its_turn_is_cancelled_once():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN)
            result = await runtime.cancel_node(RUN, Path("w"), actor="ada", reason="too late")
            assert result.status == "waiting"
            with pytest.raises(RunNotResumable) as caught:
                await runtime.cancel_node(RUN, Path("w"))
            assert "`w` is being cancelled: ada cancelled it: too late" in caught.value.message
            assert (await runtime.approve(RUN, GATE)).status == "cancelled"
        assert stage.types().count("NodeCancelled") == 1
        sound(stage)

    virtually(main)


def test_a_write_that_broke_its_promise_is_decided_about_when_the_run_is_opened_again():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            plan = plan_of(call("w", "write", ensure=("result < 0",)))
            assert (await runtime.run(plan, run=RUN)).status == "failed"
            with pytest.raises(RunNotResumable, match="happened and broke its promise") as caught:
                await runtime.resolve(RUN, Path("w"), "succeeded", output=-1)
            assert f"interlock retry {RUN}" in caught.value.hint
            assert (await runtime.reopen(RUN)).status == "in_doubt"
            assert stage.world.receiver.effects == {"w": 1}, "it was not sent again"
            result = await runtime.resolve(RUN, Path("w"), "succeeded", output=-1)
            assert result.status == "succeeded"
        sound(stage)

    virtually(main)


def test_nobody_decides_about_a_broken_promise_that_its_graph_lets():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            broken = call("w", "write", ensure=("result < 0",), on_error="continue")
            plan = plan_of(broken, call("a", "write", after=("w",), ensure=("result < 0",)))
            assert (await runtime.run(plan, run=RUN)).status == "failed"
            assert (await runtime.reopen(RUN)).in_doubt == ("a",)
            with pytest.raises(RunNotResumable, match="nobody has to decide about it") as caught:
                await runtime.resolve(RUN, Path("w"), "succeeded", output=-1)
            assert "interlock retry" not in caught.value.hint

    virtually(main)


@pytest.mark.parametrize("applied", [True, False])
def test_a_receiver_that_was_away_is_asked_again(*, applied: bool):
    world = World({"a": [Scripted(does="raise", applies=applied)]})

    async def main(stage: Stage) -> None:
        receiver = stage.world.receiver
        receiver.probe = "unknown"
        async with stage.runtime() as runtime:
            assert (await runtime.run(one("probed"), run=RUN)).status == "in_doubt"
            assert (await runtime.resolve(RUN, Path("a"), "ask")).status == "in_doubt"
            receiver.probe = "truth"
            result = await runtime.resolve(RUN, Path("a"), "ask", actor="ann", reason="it is back")
            assert result.status == ("succeeded" if applied else "failed")
        assert (stage.world.calls, receiver.effects) == ({"a": 1}, {"a": 1} if applied else {})
        sound(stage)

    virtually(main, world)


def test_nobody_can_be_asked_about_a_write_without_a_probe():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            assert (await runtime.run(one("write"), run=RUN)).status == "in_doubt"
            with pytest.raises(UsageError, match="declares no probe"):
                await runtime.resolve(RUN, Path("a"), "ask")
            assert stage.store.inbox() == []

    virtually(main, World({"a": [Scripted(does="raise")]}))


def test_a_signal_with_a_payload_of_the_wrong_type_is_refused():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            plan = waiting(returns={"type": "integer"})
            assert (await runtime.run(plan, run=RUN)).status == "waiting"
            with pytest.raises(UsageError, match="payload of `go` has the wrong type"):
                await runtime.signal(RUN, "go", "three")
            result = await runtime.signal(RUN, "go", 3, path=WAIT)
        assert (result.status, result.output) == ("succeeded", 3)
        sound(stage)

    virtually(main)


def test_a_run_that_goes_on_here_is_told_at_once():
    world = World({"a": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            plan = one("metered", timeout_ms=HOUR_MS)
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(1)
            result = await runtime.cancel(RUN, actor="ann", reason="enough")
            assert result.status == (await running).status == "cancelled"
        assert stage.clock.now_ms() - stage.entries()[0].at_ms < HOUR_MS
        sound(stage)

    virtually(main, world)


def test_a_run_is_paused_and_goes_on():
    world = World({"a": [Scripted(delay_ms=1_000)]})

    async def main(stage: Stage) -> None:
        plan = plan_of(call("a", "metered"), call("b", "write", needs=("a",)))
        async with stage.runtime() as runtime:
            running = asyncio.ensure_future(runtime.run(plan, run=RUN))
            await asyncio.sleep(0.5)
            paused = await runtime.pause(RUN)
            assert paused.status == (await running).status == "paused"
            assert stage.status() == "paused"
            assert stage.world.calls["b"] == 0
            assert (await runtime.unpause(RUN)).status == "succeeded"
        sound(stage)

    virtually(main, world)


def test_a_failed_run_goes_on_from_where_it_failed():
    world = World({"b": [Scripted(does="permanent"), Scripted()]})

    async def main(stage: Stage) -> None:
        plan = plan_of(call("a", "write"), call("b", "metered", needs=("a",)))
        async with stage.runtime() as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "failed"
            assert (await runtime.reopen(RUN)).status == "succeeded"
            with pytest.raises(RunNotResumable, match="it has succeeded"):
                await runtime.reopen(RUN)
        assert stage.world.receiver.effects["a"] == 1
        assert "RunRecovered" not in stage.types()
        sound(stage)

    virtually(main, world)


def signalled(name: str, payload: int) -> Message:
    event = SignalReceived(path=ROOT, name="go", payload=Value.of(payload))
    return message_of(event, run=RUN, id_=name, actor=ANN, now_ms=1)


def test_what_another_process_posts_is_heard_while_the_run_goes_on(tmp_path: Path_):
    world = World({"a": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime, stage.runtime() as other:
            plan = one("metered", timeout_ms=HOUR_MS)
            begun = asyncio.Event()
            running = asyncio.ensure_future(
                runtime.run(plan, run=RUN, observer=lambda *_: begun.set())
            )
            await begun.wait()
            assert (await other.cancel(RUN)).status == "running"
            assert (await running).status == "cancelled"
        sound(stage)

    virtually(main, world, store=open_store(str(tmp_path / "journal.db")))


def test_what_is_posted_while_the_run_is_let_go_is_not_lost():
    class Late:
        """A store in which a signal comes in the moment in which the run is let go."""

        def __init__(self) -> None:
            self._store = MemoryStore()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._store, name)

        def release(self, lease: Lease, **given: Any) -> bool:
            self._store.post(signalled("1", 7))
            return self._store.release(lease, **given)

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            result = await runtime.run(waiting(), run=RUN)
            assert (result.status, result.output) == ("succeeded", 7)
        sound(stage)

    virtually(main, store=cast(Store, Late()))


def test_a_run_that_could_not_be_put_to_rest_is_not_said_to_rest():
    class Full:
        """A store that takes everything but the row of a run that is let go."""

        def __init__(self, inner: Store) -> None:
            self._inner = inner

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

        def release(self, lease: Lease, **given: Any) -> bool:
            raise StoreFailed("the disk is full")

    async def main(stage: Stage) -> None:
        store, stage.store = stage.store, cast(Store, Full(stage.store))
        async with stage.runtime() as runtime:
            with pytest.raises(StoreFailed, match="the disk is full"):
                await runtime.run(gated(), run=RUN)
        assert stage.status() == "running"
        stage.store = store
        await asyncio.sleep(LEASE_MS / 1000)
        async with stage.runtime() as other:
            assert (await other.resume(RUN)).status == "waiting"
        assert stage.status() == "waiting"
        sound(stage)

    virtually(main)


def test_of_two_decisions_the_second_comes_to_nothing():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN)
            (opened,) = [e.event for e in stage.entries() if isinstance(e.event, GateOpened)]
            verdicts: tuple[GateVerdict, ...] = ("approved", "rejected")
            for name, verdict in zip("12", verdicts, strict=True):
                event = GateDecided(
                    path=GATE, generation=1, verdict=verdict, binding=opened.binding
                )
                stage.store.post(message_of(event, run=RUN, id_=name, actor=ANN, now_ms=1))
            assert (await runtime.resume(RUN)).status == "succeeded"
        assert stage.types().count("GateDecided") == 1
        sound(stage)

    virtually(main)


def test_what_was_meant_for_a_run_that_has_ended_is_dropped():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(one(), run=RUN)
            before = stage.types()
            stage.store.post(signalled("1", 7))
            assert [each.run for each in stage.store.ready(now_ms=0)] == [RUN]
            assert (await runtime.resume(RUN)).status == "succeeded"
            assert stage.types() == before
            assert stage.store.ready(now_ms=0) == []
        sound(stage)

    virtually(main)


def test_a_message_that_is_no_decision_harms_nobody():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(waiting(), run=RUN)
            for number, body in enumerate((b"{}", b"[]", b'{"path":7}', b'{"reason":"x","y":1}')):
                for kind in KINDS:
                    name = f"{kind}-{number}"
                    stage.store.post(replace(signalled(name, 7), kind=kind, body=body))
            stage.store.post(signalled("good", 7))
            first = await runtime.resume(RUN)
            assert first.status in ("cancelled", "paused", "succeeded"), "{} may cancel or pause"
            for _ in KINDS:  # `{}` may open the run again, too
                if stage.store.inbox():
                    await runtime.resume(RUN)
        sound(stage)

    virtually(main)


def test_a_wait_for_a_time_survives_its_process():
    async def main(stage: Stage) -> None:
        plan = waiting(signal=None, for_ms=HOUR_MS)
        async with stage.runtime() as runtime:
            assert (await runtime.run(plan, run=RUN)).status == "waiting"
        head = stage.store.head(RUN)
        assert head is not None
        assert head.wake_ms is not None
        opened = next(e for e in stage.entries() if e.event.type == "WaitOpened")
        assert head.wake_ms == opened.at_ms + HOUR_MS
        assert stage.store.ready(now_ms=head.wake_ms - 1) == []
        assert stage.store.ready(now_ms=head.wake_ms) == [head]
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN)).status == "waiting"
            assert stage.types().count("RunRecovered") == 0, "there was nothing to do"
            await asyncio.sleep(HOUR_MS / 1_000)
            assert (await runtime.resume(RUN)).status == "succeeded"
        sound(stage)

    virtually(main)


@pytest.mark.parametrize("deadline_ms", [HOUR_MS, 5_000])
def test_a_run_that_waits_ends_at_its_deadline(deadline_ms: int):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            plan = waiting(signal=None, for_ms=3 * HOUR_MS)
            result = await runtime.run(plan, run=RUN, deadline_ms=deadline_ms)
            if deadline_ms == HOUR_MS:
                assert result.status == "waiting"
                head = stage.store.head(RUN)
                assert head is not None
                assert head.wake_ms == stage.clock.now_ms() + HOUR_MS
                await asyncio.sleep(HOUR_MS / 1_000)
                result = await runtime.resume(RUN)
            assert result.status == "cancelled"
        sound(stage)

    virtually(main)


def test_a_decision_about_a_run_that_ends_in_the_moment_it_is_taken_up_leaves_the_inbox():
    async def main(stage: Stage) -> None:
        inner = stage.store
        stage.store = FaultyStore(inner, [Fault(write_no=2, moment="after")])
        with suppress(StoreFailed):
            async with stage.runtime() as runtime:
                await runtime.run(plan_of(call("w", "write")), run=RUN)
        assert stage.types()[-1] == "AttemptReturned"
        stage.store = inner
        cancelled = RunCancelled()
        inner.post(message_of(cancelled, run=RUN, id_="late", actor=ANN, now_ms=1))
        await asyncio.sleep(120)
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN)).status == "succeeded"
        sound(stage)

    virtually(main)


def test_a_run_that_waits_for_several_times_wakes_at_the_first():
    later, sooner = (
        WaitNode(id=NodeId(name), for_ms=hours * HOUR_MS)
        for name, hours in (("later", 2), ("sooner", 1))
    )

    async def main(stage: Stage) -> None:
        began = stage.clock.now_ms()
        async with stage.runtime() as runtime:
            result = await runtime.run(plan_of(later, sooner), run=RUN)
            for hours in (1, 2):
                assert (head := stage.store.head(RUN)) is not None
                assert head.wake_ms == began + hours * HOUR_MS
                await asyncio.sleep(HOUR_MS / 1_000)
                result = await runtime.resume(RUN)
            assert result.status == "succeeded"
        sound(stage)

    virtually(main)


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_decision_is_taken_once_wherever_the_process_dies(moment: Any):
    """Each write of who decides fails, one after the other, as in a crash."""
    write_no = 0
    crashed = True
    while crashed:
        write_no += 1

        async def main(stage: Stage, write_no: int = write_no) -> None:
            nonlocal crashed
            async with stage.runtime() as runtime:
                await runtime.run(gated(), run=RUN)
            inner, fault = stage.store, Fault(write_no=write_no, moment=moment)
            stage.store = mortal = FaultyStore(inner, [fault])
            with suppress(StoreFailed):
                async with stage.runtime() as runtime:
                    await runtime.approve(RUN, GATE)
            crashed = mortal.is_stopped
            stage.store = inner
            await asyncio.sleep(120)
            is_posted = (write_no, moment) != (1, "before")
            async with stage.runtime() as runtime:
                status = (await runtime.resume(RUN)).status
                assert status in (("succeeded", "in_doubt") if is_posted else ("waiting",))
            assert stage.types().count("GateDecided") == is_posted
            assert stage.world.receiver.effects.get("w", 0) <= 1
            sound(stage)

        virtually(main)
    assert write_no > 3


TAKEN_UP = ["queued", "lost"]
"""How a run is left that nobody drives: before it was begun, or by a process that died."""


async def left(stage: Stage, plan: Plan, how: str) -> None:
    """Leave a run to whoever takes it up."""
    async with stage.runtime() as runtime:
        if how == "queued":
            await runtime.enqueue(plan, run=RUN)
            return
        running = asyncio.ensure_future(runtime.run(plan, run=RUN))
        await asyncio.sleep(0.5)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running


@pytest.mark.parametrize("how", TAKEN_UP)
def test_a_run_that_nobody_drives_is_paused_before_anything_of_it_starts(how: str):
    world = World({"a": [Scripted(does="hang"), Scripted()] if how == "lost" else [Scripted()]})

    async def main(stage: Stage) -> None:
        await left(stage, plan_of(call("a", "keyed"), call("b", "write", needs=("a",))), how)
        called = sum(stage.world.calls.values())
        async with stage.runtime() as runtime:
            assert (await runtime.pause(RUN)).status == stage.status() == "paused"
            assert sum(stage.world.calls.values()) == called
            assert stage.types()[-1] == "RunPaused"
        async with stage.runtime() as runtime:
            assert (await runtime.unpause(RUN)).status == "succeeded"
        sound(stage)

    virtually(main, world)


@pytest.mark.parametrize("how", TAKEN_UP)
def test_a_run_that_nobody_drives_is_cancelled_before_anything_of_it_starts(how: str):
    world = World({"a": [Scripted(does="hang")]})

    async def main(stage: Stage) -> None:
        await left(stage, one("keyed"), how)
        began = stage.types().count("AttemptStarted")
        async with stage.runtime() as runtime:
            result = await runtime.cancel(RUN)
        assert result.status == ("cancelled" if how == "queued" else "in_doubt")
        assert stage.types().count("AttemptStarted") == began
        verify(RUN, stage.entries())

    virtually(main, world)


def test_what_was_held_back_for_a_decision_that_comes_too_late_starts():
    async def main(stage: Stage) -> None:
        await left(stage, one("write"), "queued")
        stage.store.post(signalled("nobody waits for it", 7))
        async with stage.runtime() as runtime:
            assert (await runtime.resume(RUN)).status == "succeeded"
        sound(stage)

    virtually(main)
