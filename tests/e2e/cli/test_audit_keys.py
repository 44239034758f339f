"""`interlock audit init` and `keys`: where keys are, who may read them, and how they change."""

import json
import re
from pathlib import Path

import pytest

from e2e.cli.project import Shell
from interlock.audit import parse_key


def key_files(shell: Shell) -> list[Path]:
    return sorted((shell.folder / "config").rglob("*.key"))


def test_a_key_is_made_outside_of_the_store_for_its_owner_alone(empty: Shell):
    done = empty("interlock audit init")
    assert done.code == 0
    key = parse_key(done.out.strip())
    assert re.fullmatch(r"interlock/[0-9a-f]{20}", key.name)
    (path,) = key_files(empty)
    assert path.parent == empty.folder / "config" / "interlock" / "audit"
    assert path.name.startswith(empty.folder.name)
    assert path.stat().st_mode & 0o777 == 0o600
    assert str(path) in done.err
    assert not (empty.folder / ".interlock").exists()


def test_what_it_says_to_do_next_works(shell: Shell):
    shell("interlock run batch.yaml -i numbers=[2,4] --store other.db")
    done = shell("interlock audit init --key 'keys/my log.key' --store other.db")
    assert shell(done.err.splitlines()[-1].strip()).code == 0


def test_no_private_key_is_ever_printed(empty: Shell):
    empty("interlock audit init")
    for line in ("keys", "keys --json", "keys --add", "keys --add --json", "init", "init --json"):
        empty(f"interlock audit {line}")
    (path,) = key_files(empty)
    privates = [key["private"] for key in json.loads(path.read_bytes())["keys"]]
    assert len(privates) == 3
    for done in empty.done:
        assert not any(private in done.out + done.err for private in privates)


def test_a_second_init_leaves_the_key_alone(empty: Shell):
    empty("interlock audit init")
    (path,) = key_files(empty)
    before = path.read_bytes()
    done = empty("interlock audit init --name other")
    assert (done.code, done.out) == (2, "")
    assert "IL8514" in done.err
    assert "interlock audit keys --add" in done.err
    assert path.read_bytes() == before


def test_keys_are_replaced_with_an_overlap(empty: Shell):
    first = empty("interlock audit init --name example.com/log --json").json
    both = empty("interlock audit keys --add --json").json
    assert both["keys"][0]["public"] == first["keys"][0]["public"]
    assert [key["ended_ms"] for key in both["keys"]] == [None, None]
    old, new = (key["id"] for key in both["keys"])
    ended = empty(f"interlock audit keys --end {old} --json").json
    assert [(key["id"], key["ended_ms"] is None) for key in ended["keys"]] == [
        (old, False),
        (new, True),
    ]
    shown = empty("interlock audit keys").out.splitlines()
    assert [line.split()[0] for line in shown] == ["ended", "signs"]
    assert [line.split()[-1] for line in shown] == [key["public"] for key in ended["keys"]]
    last = empty(f"interlock audit keys --end {new}")
    assert (last.code, "the only key" in last.err) == (2, True)
    both_steps = empty(f"interlock audit keys --add --end {new}")
    assert (both_steps.code, "two steps" in both_steps.err) == (2, True)


@pytest.mark.parametrize("path", [".interlock/log.key", ".interlock/keys/log.key"])
def test_a_key_beside_its_store_is_refused(empty: Shell, path: str):
    done = empty(f"interlock audit init --key {path}")
    assert (done.code, "beside the store" in done.err) == (2, True)
    assert not (empty.folder / ".interlock").exists()


def test_a_key_that_others_can_read_is_refused(empty: Shell):
    empty("interlock audit init")
    (path,) = key_files(empty)
    path.chmod(0o644)
    done = empty("interlock audit keys")
    assert (done.code, done.out) == (2, "")
    assert f"chmod 600 {path}" in done.err


def test_where_the_key_is_can_be_told(empty: Shell):
    empty.write("pyproject.toml", '[tool.interlock.audit]\nkey = "keys/a.key"\n')
    (empty.folder / "deep").mkdir()
    empty("interlock audit init --name a")
    empty("interlock audit init --name b", env={"INTERLOCK_AUDIT_KEY": "keys/b.key"})
    empty("interlock audit init --name c --key keys/c.key")
    empty("interlock audit init --name d --key keys/d.key --store deep/other.db")
    found = sorted(path.name for path in (empty.folder / "keys").iterdir())
    assert found == ["a.key", "b.key", "c.key", "d.key"]


def test_each_store_has_a_key_of_its_own(empty: Shell):
    for store in ("one.db", "two.db"):
        assert empty(f"interlock audit init --store {store}").code == 0
    assert len(key_files(empty)) == 2
    names = [
        empty(f"interlock audit keys --store {s} --json").json["origin"]
        for s in ("one.db", "two.db")
    ]
    assert len(set(names)) == 2


@pytest.mark.parametrize(
    "settings, words",
    [
        ("audit = 1", "no table"),
        ("audit = {kee = 'x'}", "no setting `kee`"),
        ("audit = {key = 7}", "not a path"),
        ("audit = {key = ''}", "not a path"),
    ],
)
def test_wrong_settings_are_named(empty: Shell, settings: str, words: str):
    empty.write("pyproject.toml", f"[tool.interlock]\n{settings}\n")
    done = empty("interlock audit keys")
    assert (done.code, words in done.err) == (2, True)


@pytest.mark.parametrize("line", ["init --name 'two words'", "init --name a+b", "init --name ''"])
def test_names_that_no_log_can_have(empty: Shell, line: str):
    done = empty(f"interlock audit {line}")
    assert (done.code, "cannot be the name" in done.err) == (6, True)
    assert key_files(empty) == []


def test_no_key_yet(empty: Shell):
    done = empty("interlock audit keys")
    assert (done.code, "IL8514" in done.err, "interlock audit init" in done.err) == (2, True, True)
    assert not (empty.folder / "config").exists()
