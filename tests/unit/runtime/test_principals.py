"""Who made each event a fact: principals outside, and the runtime that drives the run."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from interlock import Principal
from interlock.errors import NotAllowed, UsageError
from interlock.graph import GateNode
from interlock.journal import Entry, OwnerId, RunCancelled, RunStarted, principal_in, runtime_actor
from interlock.plan import Plan
from interlock.replay import verify
from interlock.runtime import Runtime, deciders, roles_of
from interlock.runtime.deciding.mail import Mail
from interlock.runtime.deciding.messages import message_of
from interlock.testing import Scripted, World
from interlock.values import NodeId, Path
from unit.engine.driving import call, plan_of
from unit.runtime.stages import RUN, Stage, one, virtually

GATE = Path("gate")
ADA = Principal(name="ada", authenticated_by="oidc")


def gated(**options: Any) -> Plan:
    gate = GateNode(id=NodeId("gate"), ask="Go on?", **options)
    return plan_of(gate, call("w", "write", needs=("gate",)))


def by_principals(entries: list[Entry]) -> dict[str, str]:
    return {e.event.type: e.actor for e in entries if principal_in(e.actor) is not None}


def test_who_starts_and_decides_is_in_the_journal_as_the_application_says_it():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN, principal=ADA)
            await runtime.approve(RUN, GATE, actor="bob")
        entries = stage.entries()
        assert by_principals(entries) == {
            "RunStarted": "authenticated:oidc:ada",
            "GateDecided": "unauthenticated:bob",
        }
        assert isinstance(entries[0].event, RunStarted)
        assert entries[0].event.principal == entries[0].actor
        verify(RUN, entries)

    virtually(main)


def test_all_else_is_of_the_runtime_that_drove_the_run_then():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as first:
            await first.enqueue(gated(), run=RUN, principal="ann")
            await first.resume(RUN)
        async with stage.runtime() as second:
            await second.approve(RUN, GATE, actor="bob")
        actors = [(e.epoch, e.actor) for e in stage.entries() if principal_in(e.actor) is None]
        assert set(actors) == {(1, runtime_actor(first.owner)), (2, runtime_actor(second.owner))}
        verify(RUN, stage.entries())

    virtually(main)


@pytest.mark.parametrize("name", ["engine", "runtime:owner-1", "authenticated:oidc:ada"])
def test_a_name_is_a_name_whatever_it_says(name: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN, principal=name)
            await runtime.approve(RUN, GATE, actor=name)
        assert set(by_principals(stage.entries()).values()) == {f"unauthenticated:{name}"}
        verify(RUN, stage.entries())

    virtually(main)


DECISIONS: list[Callable[[Runtime, Any], Awaitable[object]]] = [
    lambda runtime, who: runtime.run(gated(), principal=who),
    lambda runtime, who: runtime.enqueue(gated(), principal=who),
    lambda runtime, who: runtime.approve(RUN, GATE, actor=who),
    lambda runtime, who: runtime.cancel(RUN, actor=who),
    lambda runtime, who: runtime.resume(RUN, actor=who),
]


@pytest.mark.parametrize("number", range(len(DECISIONS)))
@pytest.mark.parametrize("name", ["", "ada\n", "a" * 257])
def test_what_is_no_name_is_refused_before_anything_happens(number: int, name: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN)
            before = stage.types()
            with pytest.raises(UsageError, match="a name"):
                await DECISIONS[number](runtime, name)
            assert stage.types() == before
            assert len(stage.store.heads()) == 1
            assert stage.store.inbox() == []

    virtually(main)


def test_one_name_counts_once_in_a_quorum_authenticated_or_not():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(quorum=2), run=RUN)
            for who in (ADA, "ada", Principal(name="ada", authenticated_by="mtls")):
                assert (await runtime.approve(RUN, GATE, actor=who)).status == "waiting"
            assert (await runtime.approve(RUN, GATE, actor="bob")).status == "succeeded"

    virtually(main)


def test_a_role_may_ask_for_persons_who_are_authenticated():
    roles = {"managers": [ADA, "bob"]}

    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=roles) as runtime:
            await runtime.run(gated(to=("managers",)), run=RUN)
            mtls = Principal(name="ada", authenticated_by="mtls")
            for who in ("ada", "authenticated:oidc:ada", mtls):
                with pytest.raises(NotAllowed) as caught:
                    await runtime.approve(RUN, GATE, actor=who)
                assert caught.value.hint == "these may: ada (oidc), bob"
            assert (await runtime.approve(RUN, GATE, actor=ADA)).status == "succeeded"

    virtually(main)


def test_a_role_of_a_name_takes_who_is_authenticated_too():
    plain = roles_of({"managers": [Principal(name="ada")]})
    assert deciders(["managers"], plain) == {"ada"}

    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=plain) as runtime:
            await runtime.run(gated(to=("managers",)), run=RUN)
            assert (await runtime.approve(RUN, GATE, actor=ADA)).status == "succeeded"

    virtually(main)


@pytest.mark.parametrize("actor", ["engine", "runtime:owner-1", "ada", ""])
def test_a_message_of_nobody_outside_is_dropped(actor: Any):
    """Whoever may write to the inbox cannot speak as the engine or as a runtime."""

    async def main(stage: Stage) -> None:
        async with stage.runtime() as runtime:
            await runtime.run(gated(), run=RUN)
            state, _ = runtime.load(RUN)
        mail = Mail()
        mail.deliver([message_of(RunCancelled(), run=RUN, id_="1", actor=actor, now_ms=1)])
        assert mail.take(state) is None
        assert mail.taken() == ("1",)

    virtually(main)


def test_an_owner_that_cannot_be_told_from_another_makes_no_runtime():
    stage = Stage()
    stage.ids.owner = lambda: OwnerId("host\n-1-ab")
    with pytest.raises(UsageError, match="the id of an owner has"):
        Runtime(stage.store, World().registry, ids=stage.ids)


def test_what_a_lost_process_reported_stays_its_own():
    async def main(stage: Stage) -> None:
        async with stage.runtime() as first:
            assert (await first.run(one("write"), run=RUN)).status == "in_doubt"
        async with stage.runtime() as second:
            await second.resolve(RUN, Path("a"), "failed", actor=ADA)
        by = {entry.event.type: entry.actor for entry in stage.entries()}
        assert by["AttemptFailed"] == by["NodeInDoubt"] == runtime_actor(first.owner)
        assert by["RunRecovered"] == by["RunSettled"] == runtime_actor(second.owner)
        assert by["NodeResolved"] == "authenticated:oidc:ada"

    virtually(main, World({"a": [Scripted(does="raise")]}))
