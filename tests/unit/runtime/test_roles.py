"""Who may decide what a gate asks: at the door, and where the decision is taken."""

import pytest

from interlock.errors import NotAllowed, UsageError
from interlock.graph import GateNode
from interlock.journal import OwnerId
from interlock.plan import Plan
from interlock.runtime import deciders, roles_of
from interlock.values import NodeId, Path
from unit.engine.driving import call, plan_of
from unit.engine.making import body, sub
from unit.runtime.stages import RUN, Stage, virtually

GATE = Path("gate")
ROLES = {"managers": ["ann", "bob"], "finance": ["eve"], "empty": list[str]()}


def asking(*to: str, quorum: int = 1) -> Plan:
    gate = GateNode(id=NodeId("gate"), ask="Go on?", to=to, quorum=quorum)
    return plan_of(gate, call("w", "write", needs=("gate",)))


@pytest.mark.parametrize(
    "to, names",
    [
        ((), None),
        (("others",), None),
        (("managers",), {"ann", "bob"}),
        (("managers", "finance"), {"ann", "bob", "eve"}),
        (("managers", "zoe"), {"ann", "bob", "zoe"}),
        (("empty",), set[str]()),
    ],
)
def test_the_roles_of_a_gate_name_who_may_decide(to: tuple[str, ...], names: set[str] | None):
    assert deciders(to, roles_of(ROLES)) == names


@pytest.mark.parametrize("members", ["ann", [1], [""]])
def test_a_role_is_a_list_of_names(members: object):
    with pytest.raises(UsageError, match="the role `managers` is"):
        roles_of({"managers": members})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("verb", ["approve", "reject"])
def test_who_has_no_role_of_the_gate_is_refused_at_the_door(verb: str):
    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=ROLES) as runtime:
            await runtime.run(asking("managers"), run=RUN)
            with pytest.raises(
                NotAllowed, match=r"eve \(unauthenticated\) may not decide"
            ) as caught:
                await getattr(runtime, verb)(RUN, GATE, actor="eve")
            assert caught.value.hint == "these may: ann, bob"
            assert stage.store.inbox() == []
            assert stage.types().count("GateDecided") == 0
            assert (await runtime.approve(RUN, GATE, actor="bob")).status == "succeeded"

    virtually(main)


def test_who_has_no_role_is_refused_by_the_owner_too():
    """The process of who decides may know other roles, or none."""

    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=ROLES) as owner:
            await owner.run(asking("managers"), run=RUN)
            assert stage.status() == "waiting"
            held = stage.store.lease(
                RUN, OwnerId("another"), now_ms=stage.clock.now_ms(), life_ms=60_000
            )
            async with stage.runtime() as other:
                assert (await other.approve(RUN, GATE, actor="eve")).status == "running"
            stage.store.release(held)
            assert [message.actor for message in stage.store.inbox()] == ["unauthenticated:eve"]
            assert (await owner.resume(RUN)).status == "waiting"
            assert stage.types().count("GateDecided") == 0
            assert stage.store.inbox() == []
            assert (await owner.approve(RUN, GATE, actor="ann")).status == "succeeded"

    virtually(main)


def test_a_gate_inside_of_a_node_is_named_by_its_path():
    inner = body(GateNode(id=NodeId("gate"), ask="Go on?", to=("managers",)))

    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=ROLES) as runtime:
            await runtime.run(plan_of(sub(), graphs={"body": inner}), run=RUN)
            with pytest.raises(NotAllowed, match="may not decide about `sub/gate`"):
                await runtime.approve(RUN, Path("sub/gate"), actor="eve")

    virtually(main)


def test_where_no_role_is_known_the_decision_is_taken():
    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=ROLES) as runtime:
            await runtime.run(asking("others"), run=RUN)
            assert (await runtime.approve(RUN, GATE, actor="eve")).status == "succeeded"

    virtually(main)


def test_one_of_a_quorum_must_have_the_role_too():
    async def main(stage: Stage) -> None:
        async with stage.runtime(roles=ROLES) as runtime:
            await runtime.run(asking("managers", quorum=2), run=RUN)
            assert (await runtime.approve(RUN, GATE, actor="ann")).status == "waiting"
            with pytest.raises(NotAllowed):
                await runtime.approve(RUN, GATE, actor="eve")
            assert stage.world.receiver.effects == {}
            assert (await runtime.approve(RUN, GATE, actor="bob")).status == "succeeded"

    virtually(main)
