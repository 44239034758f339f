"""`interlock audit checkpoint` and `publish`: a log that grows, and stores that are not it."""

import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from e2e.cli.project import Done, Shell
from interlock.audit import (
    TileName,
    TileTree,
    open_checkpoint,
    parse_key,
    prove_inclusion,
    verify_inclusion,
)

RUN = "interlock run batch.yaml -i numbers=[2,4]"


@pytest.fixture
def keyed(shell: Shell) -> Shell:
    """A project with a key and one run."""
    shell("interlock audit init --name example.com/log")
    shell(RUN)
    return shell


def key_of(shell: Shell) -> Any:
    return parse_key(shell("interlock audit keys --json").json["keys"][0]["public"])


def refused(done: Done, code: str) -> None:
    assert (done.code, done.out, code in done.err) == (6, "", True)


def test_a_checkpoint_is_printed_that_the_public_key_verifies(keyed: Shell):
    done = keyed("interlock audit checkpoint")
    opened = open_checkpoint(done.out.encode(), origin="example.com/log", keys=[key_of(keyed)])
    told = keyed("interlock audit checkpoint --json").json
    assert told["note"] == done.out
    assert told["size"] == opened.checkpoint.tree.size > 0
    assert (told["origin"], told["signed_by"]) == ("example.com/log", [str(key_of(keyed))])
    assert told["cosigned_by"] == []


def test_it_says_how_much_is_new(keyed: Shell):
    first = keyed("interlock audit checkpoint").err
    again = keyed("interlock audit checkpoint").err
    keyed(RUN)
    more = keyed("interlock audit checkpoint").err
    assert [("new" in text) for text in (first, again, more)] == [False, True, True]
    assert "nothing new" in again
    assert "new since the last checkpoint" in more


def test_a_store_that_was_put_back_is_refused(keyed: Shell):
    shutil.copytree(".interlock", "older")
    keyed(RUN)
    keyed("interlock audit checkpoint")
    shutil.rmtree(".interlock")
    shutil.copytree("older", ".interlock")
    refused(keyed("interlock audit checkpoint"), "IL8513")
    keyed(RUN)
    keyed(RUN)
    done = keyed("interlock audit publish public")
    refused(done, "IL8513")
    assert not (keyed.folder / "public" / "checkpoint").exists()


def test_two_stores_with_one_key_are_noticed(keyed: Shell):
    (key,) = (keyed.folder / "config").rglob("*.key")
    keyed("interlock audit checkpoint")
    keyed(f"{RUN} --store other.db")
    keyed(f"{RUN} --store other.db")
    refused(keyed(f"interlock audit checkpoint --store other.db --key {key}"), "IL8513")


def test_a_copy_of_a_store_has_no_key(keyed: Shell):
    keyed("interlock audit checkpoint")
    shutil.copytree(".interlock", "copied")
    done = keyed("interlock audit checkpoint --store copied/journal.db")
    assert (done.code, "IL8514" in done.err) == (2, True)


def test_without_key_or_store_nothing_is_made(shell: Shell):
    done = shell("interlock audit checkpoint")
    assert (done.code, "IL7020" in done.err) == (2, True)
    shell(RUN)
    done = shell("interlock audit publish public")
    assert (done.code, "IL8514" in done.err) == (2, True)
    assert not (shell.folder / "config").exists()
    assert not (shell.folder / "public").exists()


def published_after_a_run(shell: Shell) -> dict[str, Any]:
    shell(RUN)
    return shell("interlock audit publish public/log --json").json


def test_a_published_log_proves_its_leaves(keyed: Shell):
    first, told = published_after_a_run(keyed), published_after_a_run(keyed)
    assert (first["old_size"], told["old_size"]) == (0, first["size"])
    assert (told["folder"], told["tiles"]) == ("public/log", 1)
    folder = keyed.folder / "public" / "log"
    data = (folder / "checkpoint").read_bytes()
    assert data.decode() == told["note"]
    tree = open_checkpoint(data, origin="example.com/log", keys=[key_of(keyed)]).checkpoint.tree
    assert tree.size == told["size"] > told["old_size"]

    def read(name: TileName) -> bytes:
        return (folder / name.path()).read_bytes()

    tiles = TileTree(tree.size, read)
    for index in (0, tree.size - 1):
        proof = prove_inclusion(index, tree.size, tiles)
        verify_inclusion(tiles(0, index), proof, index=index, tree=tree)


def test_nothing_of_the_runs_is_in_a_published_log(keyed: Shell):
    keyed("interlock audit publish public")
    files = [path for path in Path("public").rglob("*") if path.is_file()]
    assert {path.name for path in files} > {"checkpoint"}
    for path in files:
        assert b"batch" not in path.read_bytes()


def test_where_to_publish_can_be_a_setting(keyed: Shell):
    done = keyed("interlock audit publish")
    assert (done.code, "where to publish" in done.err) == (2, True)
    settings = (keyed.folder / "pyproject.toml").read_text(encoding="utf-8")
    keyed.write("pyproject.toml", f'{settings}\n[tool.interlock.audit]\npublish = "public"\n')
    assert keyed("interlock audit publish").code == 0
    assert (keyed.folder / "public" / "checkpoint").exists()


def test_a_changed_tile_is_not_overwritten(keyed: Shell):
    keyed("interlock audit publish public")
    (tile,) = (path for path in Path("public/tile").rglob("*") if path.is_file())
    tile.write_bytes(bytes(tile.stat().st_size))
    (keyed.folder / "public" / "checkpoint").unlink()
    refused(keyed("interlock audit publish public"), "IL8513")


@pytest.mark.parametrize("every", ["1", "0s", "10ms", "soon"])
def test_how_often_to_publish_is_a_duration(keyed: Shell, every: str):
    done = keyed(f"interlock audit publish public --every {every}")
    assert (done.code, done.out) == (2, "")


def test_what_was_signed_by_a_stranger_is_not_taken_up(keyed: Shell):
    keyed("interlock audit checkpoint")
    (kept,) = (keyed.folder / "config").rglob("*.checkpoint")
    kept.write_bytes(kept.read_bytes().replace(b"example.com", b"example.org"))
    refused(keyed("interlock audit checkpoint"), "IL8507")
    assert json.dumps(str(kept))[1:-1] in keyed.done[-1].err


def test_doctor_says_how_far_the_log_is_signed(keyed: Shell):
    told = "the log `example.com/log`"
    assert f"{told} has a key, and was not signed yet" in keyed("interlock doctor").out
    size = keyed("interlock audit checkpoint --json").json["size"]
    assert f"{told} is signed up to {size} events" in keyed("interlock doctor").out
    (key,) = (keyed.folder / "config").rglob("*.key")
    key.chmod(0o640)
    done = keyed("interlock doctor")
    assert (done.code, "IL8514" in done.out, f"chmod 600 {key}" in done.out) == (1, True, True)


FULL = """\
import resource, sys
from interlock.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.RLIM_INFINITY))
sys.argv = ["interlock", "audit", "publish", "public"]
main()
"""


def test_a_disk_that_is_full_costs_one_checkpoint_and_no_more(keyed: Shell):
    """No file may grow over 100 bytes: that is where a full disk would stop it, too."""
    keyed("interlock audit publish public")
    before = (keyed.folder / "public" / "checkpoint").read_bytes()
    keyed(RUN)
    done = subprocess.run([sys.executable, "-c", FULL], capture_output=True, text=True, check=False)
    assert (done.returncode, ".key.checkpoint: File too large\n" in done.stderr) == (2, True)
    assert "hint: make room and try again" in done.stderr
    assert not list(keyed.folder.rglob("*.part"))
    assert (keyed.folder / "public" / "checkpoint").read_bytes() == before
    told = keyed("interlock audit publish public --json").json
    assert (told["size"] > told["old_size"] > 0, told["tiles"]) == (True, 1)
    assert keyed("interlock audit verify --published public").code == 0


# --- At the end of runs

SETTINGS = "\n[tool.interlock.audit]\nafter_runs = true\n"


def settle(shell: Shell, settings: str) -> None:
    before = (shell.folder / "pyproject.toml").read_text(encoding="utf-8")
    shell.write("pyproject.toml", before + settings)


def test_the_log_is_signed_and_published_when_a_run_has_ended(keyed: Shell):
    settle(keyed, f'{SETTINGS}publish = "public"\n')
    done = keyed(f"{RUN} --json")
    assert (done.code, done.json["status"]) == (0, "succeeded")
    assert "Signed the log `example.com/log`" in done.err
    first = (keyed.folder / "public" / "checkpoint").read_text(encoding="utf-8")
    failed = keyed("interlock run batch.yaml -i numbers=[1,3,5]")
    assert (failed.code, "Published in public" in failed.err) == (1, True)
    keyed(f"{RUN} --queue")
    assert "Signed" not in keyed.done[-1].err
    worker = keyed("interlock worker --until-idle")
    assert worker.err.count("Signed the log") == 1
    second = (keyed.folder / "public" / "checkpoint").read_text(encoding="utf-8")
    assert keyed("interlock audit publish --json").json["note"] == second != first


def test_a_log_that_cannot_be_signed_does_not_change_how_a_run_ended(shell: Shell):
    settle(shell, SETTINGS)
    done = shell(RUN)
    assert (done.code, json.loads(done.out)["halves"] is not None) == (0, True)
    assert "warning[IL8514]: the log is not signed" in done.err
    assert "interlock audit init" in done.err


def test_nothing_is_signed_unless_the_project_says_so(keyed: Shell):
    settle(keyed, '\n[tool.interlock.audit]\npublish = "public"\n')
    assert "Signed" not in keyed(RUN).err
    assert not (keyed.folder / "public").exists()


def test_another_store_is_not_signed_as_the_log_of_the_project(keyed: Shell):
    (key,) = (keyed.folder / "config").rglob("*.key")
    settle(keyed, f'{SETTINGS}key = "{key}"\n')
    assert "Signed" not in keyed(f"{RUN} --store other.db").err
    assert "Signed" in keyed(f"{RUN} --store {keyed.folder}/.interlock/journal.db").err


def test_a_run_that_waits_has_not_ended(gated: Shell):
    gated("interlock audit init")
    settle(gated, SETTINGS)
    waiting = gated("interlock run release.yaml -i version=1.0")
    assert (waiting.code, "Signed" in waiting.err) == (5, False)
    assert "Signed" in gated("interlock reject last signoff").err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_log_is_published_again_and_again_until_it_is_told_to_stop(
    keyed: Shell, number: signal.Signals
):
    with subprocess.Popen(
        [sys.executable, "-m", "interlock", "audit", "publish", "public", "--every=1s", "--json"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        keyed(RUN)
        second = json.loads(process.stdout.readline())
        process.send_signal(number)
        process.communicate()
    assert process.returncode == 0
    assert second["old_size"] == first["size"] <= second["size"]
    assert (keyed.folder / "public" / "checkpoint").exists()
