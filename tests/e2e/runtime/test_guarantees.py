"""Every guarantee that is shown, held against a counter that no journal can talk to.

A process is killed with SIGKILL at a place of its choice; a second one takes its run up. What the
receiver counted must be what the guarantee of the action says.
"""

import json
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.runtime.worker import RUN, Receiver, registry_of
from interlock.actions import Guarantee
from interlock.replay import verify
from interlock.runtime import read_entries
from interlock.store import open_store

WORKER = Path(__file__).parent / "worker.py"
KILLS = ("before_intent", "before_send", "after_send", "before_record", "after_record")
ACTIONS = ("plain", "keyed", "probed", "safest", "metered")
QUICK = {("plain", "after_send"), ("keyed", "after_send")}


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where the processes of a test meet: a store, and a file of effects."""

    store: Path
    effects: Path

    def process(self, action: str, *, kill: str = "") -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [
                *(sys.executable, str(WORKER), action, "--kill", kill),
                *("--store", str(self.store), "--effects", str(self.effects)),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def result(self, action: str) -> dict[str, Any]:
        done = self.process(action)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def count(self) -> int:
        return len(Receiver(self.effects).effects())


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(store=tmp_path / "journal.db", effects=tmp_path / "effects")


def undisturbed(folder: Path, action: str) -> dict[str, Any]:
    folder.mkdir()
    return Place(store=folder / "journal.db", effects=folder / "effects").result(action)


def guarantee_of(action: str) -> Guarantee:
    return registry_of(Receiver(Path()), "").manifests[action].guarantee


CASES = [
    pytest.param(
        action,
        kill,
        marks=() if (action, kill) in QUICK else (pytest.mark.slow,),
        id=f"{action}-{kill}",
    )
    for action in ACTIONS
    for kill in KILLS
]


@pytest.mark.parametrize("action, kill", CASES)
def test_a_guarantee_holds_when_its_process_is_killed(
    action: str, kill: str, place: Place, tmp_path: Path
):
    killed = place.process(action, kill=kill)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    before = place.count()
    result = place.result(action)

    match guarantee_of(action):
        case "repeatable":
            assert (result["status"], place.count()) == ("succeeded", 0)
        case "one effect":
            assert (result["status"], place.count()) == ("succeeded", 1)
        case "at most once":
            was_sent = kill in ("before_send", "after_send", "before_record")
            assert result["status"] == ("in_doubt" if was_sent else "succeeded")
            assert result["in_doubt"] == (["act"] if was_sent else [])
            assert place.count() == (before if was_sent else 1)
        case other:
            pytest.fail(f"no test for {other}")

    if result["status"] == "succeeded":
        assert result["execution"] == undisturbed(tmp_path / "again", action)["execution"]
    store = open_store(str(place.store))
    try:
        verify(RUN, read_entries(store, RUN))
    finally:
        store.close()


def test_the_labels_are_those_that_are_tested():
    labels = {action: guarantee_of(action) for action in ACTIONS}
    assert labels == {
        "plain": "at most once",
        "keyed": "one effect",
        "probed": "one effect",
        "safest": "one effect",
        "metered": "repeatable",
    }
