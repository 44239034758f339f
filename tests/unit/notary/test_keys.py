"""Key files: private, never overwritten, replaced with an overlap, and never shown."""

import base64
import os
import traceback
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, strategies as st

from interlock.audit import sign
from interlock.errors import EvidenceRefused, KeyUnusable
from interlock.notary import (
    KeyRing,
    change_keys,
    create_keys,
    new_ring,
    parse_keys,
    read_keys,
    with_ended_key,
    with_new_key,
)

RING = new_ring("interlock/test", now_ms=1_000)


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "private" / "test.key"
    create_keys(path, RING)
    return path


def ids(ring: KeyRing) -> list[str]:
    return [f"{key.public.id:08x}" for key in ring.keys]


def test_a_key_file_is_read_as_it_was_written(key_file: Path):
    assert read_keys(key_file) == RING
    later = with_ended_key(with_new_key(RING, now_ms=2_000), ids(RING)[0], now_ms=3_000)
    change_keys(key_file, lambda _: later)
    assert read_keys(key_file) == later


def test_only_its_owner_can_read_it(key_file: Path):
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert key_file.parent.stat().st_mode & 0o777 == 0o700
    change_keys(key_file, lambda _: RING)
    assert key_file.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in key_file.parent.iterdir()} == {"test.key", "test.key.lock"}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o602, 0o601, 0o777])
def test_a_key_file_that_others_can_use_is_refused(key_file: Path, mode: int):
    key_file.chmod(mode)
    with pytest.raises(KeyUnusable, match=f"mode is {mode:04o}") as caught:
        read_keys(key_file)
    assert f"chmod 600 {key_file}" in caught.value.hint


def test_a_key_file_is_never_overwritten(key_file: Path):
    before = key_file.read_bytes()
    with pytest.raises(KeyUnusable, match="is there already"):
        create_keys(key_file, new_ring("interlock/other", now_ms=1))
    assert key_file.read_bytes() == before
    assert [path.name for path in key_file.parent.iterdir()] == ["test.key"]


def test_no_key_file(tmp_path: Path):
    with pytest.raises(KeyUnusable, match="no key file at") as caught:
        read_keys(tmp_path / "none.key")
    assert "audit init" in caught.value.hint


@pytest.mark.parametrize("kind", ["folder", "pipe", "large"])
def test_what_cannot_be_a_key_file(tmp_path: Path, kind: str):
    path = tmp_path / "odd"
    if kind == "folder":
        path.mkdir(mode=0o700)
    elif kind == "pipe":
        os.mkfifo(path, 0o600)
    else:
        path.write_bytes(b" " * 70_000)
        path.chmod(0o600)
    with pytest.raises(KeyUnusable):
        read_keys(path)


def test_no_secret_goes_into_a_file_that_somebody_prepared(tmp_path: Path):
    path, prepared = tmp_path / "test.key", tmp_path / "prepared"
    prepared.touch(mode=0o666)
    path.with_name("test.key.part").symlink_to(prepared)
    create_keys(path, RING)
    path.with_name("test.key.part").hardlink_to(prepared)
    change_keys(path, lambda ring: with_new_key(ring, now_ms=2))
    assert prepared.read_bytes() == b""
    assert (path.stat().st_mode & 0o777, len(read_keys(path).keys)) == (0o600, 2)


# --- Replacing keys


def test_a_new_key_signs_beside_the_old_one_until_that_is_ended():
    both = with_new_key(RING, now_ms=2_000)
    assert [signer.verifier() for signer in both.signers()] == both.verifiers()
    old, new = ids(both)
    ended = with_ended_key(both, old, now_ms=3_000)
    assert [f"{signer.verifier().id:08x}" for signer in ended.signers()] == [new]
    assert ended.verifiers() == both.verifiers()
    assert (ended.keys[0].private, ended.keys[0].ended_ms) == (b"", 3_000)


def test_the_last_key_that_signs_cannot_be_ended():
    both = with_new_key(RING, now_ms=2_000)
    ended = with_ended_key(both, ids(both)[0], now_ms=3_000)
    for key_id in (*ids(both), "00000000", ""):
        with pytest.raises(KeyUnusable):
            with_ended_key(ended, key_id, now_ms=4_000)


def test_keys_have_a_limit():
    ring = KeyRing(name=RING.name, keys=RING.keys * 64)
    with pytest.raises(KeyUnusable, match="at most 64"):
        with_new_key(ring, now_ms=1)


@pytest.mark.parametrize("name", ["", "two words", "a+b", "line\nend"])
def test_a_log_needs_a_name_that_a_key_can_have(name: str):
    with pytest.raises(EvidenceRefused):
        new_ring(name, now_ms=1)


# --- Nothing is shown


def test_nothing_that_can_be_printed_shows_a_private_key(key_file: Path):
    private = RING.keys[0].private
    whole = orjson.loads(key_file.read_bytes())
    key_file.write_bytes(orjson.dumps(whole | {"v": 2}))
    with pytest.raises(KeyUnusable) as caught:
        read_keys(key_file)
    signed = sign("text\n", RING.signers()[0])
    shown = f"{RING!r} {RING.keys[0]!r} {RING.signers()!r} {signed!r}"
    shown += "".join(traceback.format_exception(caught.value)) + str(caught.value)
    for secret in (private.hex(), base64.b64encode(private).decode(), repr(private)):
        assert secret not in shown


# --- Damage


def damaged(change: dict[str, Any]) -> dict[str, Any]:
    whole = written(RING)
    for place, value in change.items():
        if place.startswith("keys."):
            whole["keys"][0][place.removeprefix("keys.")] = value
        else:
            whole[place] = value
    return whole


def written(ring: KeyRing) -> dict[str, Any]:
    key = ring.keys[0]
    private = base64.b64encode(key.private).decode()
    keys = [{"public": str(key.public), "made_ms": key.made_ms, "private": private}]
    return {"kind": "interlock audit key", "v": 1, "name": ring.name, "keys": keys}


FIELDS = ("kind", "v", "name", "keys")
OTHER = new_ring("interlock/test", now_ms=1)


@pytest.mark.parametrize(
    "change",
    [
        {"v": 2},
        {"v": None},
        {"kind": "key"},
        {"name": "interlock/other"},
        {"name": 7},
        {"keys": []},
        {"keys": {}},
        {"keys": [7]},
        {"more": 1},
        {"keys.more": 1},
        {"keys.made_ms": "now"},
        {"keys.ended_ms": 3},
        {"keys.ended_ms": "x", "keys.private": ""},
        {"keys.private": ""},
        {"keys.private": "AAAA"},
        {"keys.private": "*"},
        {"keys.private": None},
        {"keys.private": written(OTHER)["keys"][0]["private"]},
        {"keys.public": str(OTHER.keys[0].public)},
        {"keys.public": "x"},
        {"keys.public": None},
    ],
)
def test_a_damaged_key_file_is_refused(tmp_path: Path, change: dict[str, Any]):
    path = tmp_path / "test.key"
    path.touch(mode=0o600)
    path.write_bytes(orjson.dumps(written(RING)))
    assert read_keys(path) == RING
    path.write_bytes(orjson.dumps(damaged(change)))
    with pytest.raises(KeyUnusable, match="damaged"):
        read_keys(path)


@given(data=st.binary() | st.dictionaries(st.sampled_from(FIELDS), st.text()).map(orjson.dumps))
def test_any_bytes_are_refused_with_our_error(data: bytes):
    with pytest.raises(KeyUnusable):
        parse_keys(data, Path("any.key"))
