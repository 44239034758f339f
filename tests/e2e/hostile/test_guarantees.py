"""What `plan` promises of effects, held against a count that no process of ours keeps.

The receiver is a folder: it notes each request that reaches it and each effect that it has. The
process that runs the graph is killed at each point of an attempt, and another one resumes. How
often an effect has happened then is what the label of its action says:

    at most once    never twice; where nobody can know, a person is asked, and decides
    one effect      once: sent again with the same key, or asked for first
    repeatable      once or more
"""

import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.hostile.world import Turn, World, wait_until

ACTIONS = '''\
from pathlib import Path

from interlock import Context, Registry, action


def stop(point: str, name: str) -> None:
    """Wait to be let go, where the test has said so."""
    if Path(f"stop-{point}").exists():
        gate(name)


def take(name: str, key: str | None = None) -> str:
    """What the receiver does: it has the effect, unless it has seen the key."""
    note(name, "requests")
    if key is not None:
        try:
            Path(f"key-{key[-20:]}").touch(exist_ok=False)
        except FileExistsError:
            return name
    note(name, "effects")
    return name


def send(name: str, key: str | None = None) -> str:
    stop("before", name)
    taken = take(name, key)
    stop("after", name)
    return taken


def find(name: str) -> str | None:
    effects = Path("effects")
    return name if effects.exists() and name in effects.read_text().split() else None


@action("pay.plain", effect="write")
def plain(name: str) -> str:
    return send(name)


@action("pay.keyed", effect="write", key="Context.idempotency_key")
def keyed(name: str, context: Context) -> str:
    return send(name, context.idempotency_key)


@action("pay.own_key", effect="write", key="name")
def own_key(name: str) -> str:
    return send(name, "own-" + name)


@action("pay.forgetful", effect="write", key="Context.idempotency_key", window="1ms")
def forgetful(name: str) -> str:
    return send(name)


@action("pay.probed", effect="write", probe=find)
def probed(name: str) -> str:
    return send(name)


@action("look.up", effect="read")
def look(name: str) -> str:
    return send(name)


@action("look.metered", effect="read", cost_usd_max=0.01)
def metered(name: str) -> str:
    return send(name)


@action("gate.pass", effect="read")
def pass_gate(name: str) -> str:
    stop(name, name)
    return name


registry = Registry(
    [plain, keyed, own_key, forgetful, probed, look, metered, pass_gate]
)
'''

LABELS = {
    "plain": "at most once",
    "keyed": "one effect",
    "own_key": "one effect",
    "forgetful": "one effect",
    "probed": "one effect",
    "look": "repeatable",
    "metered": "repeatable",
}
CALLS = {
    **{name: f"pay.{name}" for name in ("plain", "keyed", "own_key", "forgetful", "probed")},
    "look": "look.up",
    "metered": "look.metered",
}
WITH = {"probed": ", timeout: 3s"}
"""A receiver is asked once nothing can be under way any more: when the attempt's time is over."""

NEVER_AGAIN = ("plain", "forgetful")
"""Nothing lets these be sent again: no key, or one that the receiver has forgotten by then."""

GRAPH = "\n".join(
    [
        "interlock: 1",
        "name: pay",
        "nodes:",
        "  start: {call: gate.pass, with: {name: start}}",
        *(
            f"  {name}: {{call: {call}, with: {{name: {name}}}, needs: [start]{more}}}"
            for name, call in CALLS.items()
            for more in [WITH.get(name, "")]
        ),
        f"  last: {{call: gate.pass, with: {{name: last}}, needs: [{', '.join(CALLS)}]}}",
        "",
    ]
)


@dataclass(frozen=True, kw_only=True)
class Point:
    """Where the process is killed.

    `stop` names the gates that are reached; `is_cut_off` says that they are passed, but that
    nothing which happens behind them reaches the journal. `lost` and `happened` say what is true
    of a write then: that its answer is lost, and that it has had its effect.
    """

    stop: str
    is_cut_off: bool = False
    lost: bool = True
    happened: bool = True


POINTS = {
    "before the intent": Point(stop="start", is_cut_off=True, lost=False, happened=False),
    "before it is sent": Point(stop="before", happened=False),
    "after it is sent": Point(stop="after"),
    "after the answer": Point(stop="after", is_cut_off=True),
    "after the answer is kept": Point(stop="last", lost=False),
}


@pytest.fixture
def pay(world: World) -> World:
    world.actions(ACTIONS)
    world.write("pay.yaml", GRAPH)
    world.make_gates("start", *CALLS, "last")
    return world


def kill_at(world: World, point: Point) -> None:
    """Run the graph up to a point, and kill the process there."""
    world.write(f"stop-{point.stop}", "")
    process = world.start("run", "pay.yaml")
    gates = [point.stop] if point.stop in ("start", "last") else list(CALLS)
    for name in gates:
        world.until_began(name)
    if point.is_cut_off:
        wait_until(lambda: events_in(world.journal) > 0, process)
        with Turn(world.journal) as turn:
            for name in gates:
                world.let_go(name)
            turn.until_wanted(process)
            process.kill()
            process.wait()
    process.kill()
    process.wait()
    (world.folder / f"stop-{point.stop}").unlink()


def events_in(journal: Path) -> int:
    with closing(sqlite3.connect(journal)) as connection:
        return connection.execute("SELECT count(*) FROM event").fetchone()[0]


def test_plan_promises_what_is_counted_here(pay: World):
    nodes = {node["id"]: node for node in pay.run("plan", "pay.yaml", "--json").json["nodes"]}
    assert {name: nodes[name]["guarantee"] for name in CALLS} == LABELS
    told = pay.run("plan", "pay.yaml").out
    for words in ("one effect (key, 24 h)", "one effect (key, 1 ms)", "one effect (probe)"):
        assert words in told


def test_undisturbed_each_effect_happens_once(pay: World):
    assert pay.run("run", "pay.yaml").code == 0
    assert Counter(pay.lines("effects")) == Counter(CALLS.keys())
    assert Counter(pay.lines("requests")) == Counter(CALLS.keys())
    pay.check_sound()


@pytest.mark.parametrize("name", POINTS)
def test_effects_are_as_often_as_their_labels_say(pay: World, name: str):
    point = POINTS[name]
    kill_at(pay, point)
    sent = {call for call in CALLS if LABELS[call] != "repeatable"} if point.happened else set()
    effects = Counter(pay.lines("effects"))
    assert {call for call in effects if LABELS[call] != "repeatable"} == sent
    pay.check_sound()

    resumed = pay.run("resume", "last")
    resumed.check_words()
    doubts = NEVER_AGAIN if point.lost else ()
    assert resumed.code == (4 if doubts else 0), resumed
    assert {path for path in CALLS if f"? {path} " in resumed.err} == set(doubts)
    check_counts(pay, point, doubts)

    # A person looks at the receiver, and decides what is true.
    for path in doubts:
        verdict = ("--succeeded", f'"{path}"') if point.happened else ("--failed",)
        decided = pay.run("resolve", "last", path, *verdict)
        decided.check_words()
    check_counts(pay, point, doubts)
    shown = {node["path"]: node["status"] for node in pay.show()["nodes"]}
    failed = doubts if not point.happened else ()
    assert {path for path, status in shown.items() if status == "failed"} == set(failed)
    assert shown["last"] == ("skipped" if failed else "succeeded")
    pay.check_sound()


def check_counts(world: World, point: Point, doubts: tuple[str, ...]) -> None:
    """Hold the receiver's counts against the labels."""
    effects, requests = Counter(world.lines("effects")), Counter(world.lines("requests"))
    for name, label in LABELS.items():
        if label == "repeatable":
            assert effects[name] >= 1
        elif name in doubts:
            assert effects[name] == (1 if point.happened else 0)
            assert requests[name] == effects[name]
        else:
            assert effects[name] == 1
    # A key is what lets the same request arrive twice; a probe asks first.
    assert requests["probed"] == 1
    assert requests["keyed"] == requests["own_key"] == (2 if point.lost and point.happened else 1)


def test_a_kill_in_every_life_does_not_make_two_of_one(pay: World):
    """Three processes die one after the other with the answer in hand; the fourth ends it."""
    kill_at(pay, POINTS["after it is sent"])
    for _ in range(2):
        pay.write("stop-after", "")
        process = pay.start("resume", "last")
        pay.until_began("keyed")
        process.kill()
        process.wait()
    (pay.folder / "stop-after").unlink()
    ended = pay.run("resume", "last")
    ended.check_words()
    effects, requests = Counter(pay.lines("effects")), Counter(pay.lines("requests"))
    assert effects["keyed"] == effects["own_key"] == effects["probed"] == effects["plain"] == 1
    assert requests["plain"] == 1
    assert requests["keyed"] == 3
    pay.check_sound()
