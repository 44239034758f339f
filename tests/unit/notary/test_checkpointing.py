"""A checkpoint is signed only when the log extends the one that was signed before."""

from pathlib import Path

import pytest

from interlock.audit import TreeHead, open_checkpoint, verify_note
from interlock.errors import EvidenceRefused, KeyUnusable
from interlock.notary import (
    change_keys,
    create_keys,
    last_signed,
    new_ring,
    read_keys,
    sign_log,
    with_ended_key,
    with_new_key,
)
from unit.notary.madelog import MadeLog


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "test.key"
    create_keys(path, new_ring("interlock/test", now_ms=1))
    return path


def test_a_growing_log_is_signed_at_every_size(key_file: Path):
    for size in (0, 0, 1, 2, 255, 256, 257, 600):
        log = MadeLog(size)
        signed = sign_log(log, key_file)
        assert signed.checkpoint.origin == "interlock/test"
        assert signed.checkpoint.tree == TreeHead(size=size, root=log.root(size))
        keys = read_keys(key_file).verifiers()
        opened = open_checkpoint(str(signed.note).encode(), origin="interlock/test", keys=keys)
        assert opened == signed == last_signed(key_file, read_keys(key_file))


def test_a_log_that_has_not_grown_keeps_its_checkpoint(key_file: Path):
    first = sign_log(MadeLog(5), key_file)
    place = key_file.with_name("test.key.checkpoint")
    written = place.stat().st_mtime_ns, place.stat().st_ino
    assert sign_log(MadeLog(5), key_file) == first
    assert (place.stat().st_mtime_ns, place.stat().st_ino) == written


@pytest.mark.parametrize("size", [0, 1, 299])
def test_a_store_that_was_put_back_is_not_signed(key_file: Path, size: int):
    before = sign_log(MadeLog(300), key_file)
    with pytest.raises(EvidenceRefused, match=f"has {size} events, and .* has 300") as caught:
        sign_log(MadeLog(size), key_file)
    assert caught.value.code == "IL8513"
    assert last_signed(key_file, read_keys(key_file)) == before


@pytest.mark.parametrize("changed", [0, 150, 299])
@pytest.mark.parametrize("size", [300, 301, 600])
def test_a_log_that_was_rewritten_is_not_signed(key_file: Path, changed: int, size: int):
    sign_log(MadeLog(300), key_file)
    with pytest.raises(EvidenceRefused, match="does not extend") as caught:
        sign_log(MadeLog(size, changed=changed), key_file)
    assert caught.value.code == "IL8513"
    assert sign_log(MadeLog(600, changed=300), key_file).checkpoint.tree.size == 600


def test_a_new_key_signs_the_same_tree_at_once_and_an_ended_one_no_more(key_file: Path):
    first = sign_log(MadeLog(7), key_file)
    old = read_keys(key_file)
    both = with_new_key(old, now_ms=2)
    change_keys(key_file, lambda _: both)
    second = sign_log(MadeLog(7), key_file)
    assert second.checkpoint == first.checkpoint
    for key in both.verifiers():
        assert verify_note(second.note, [key])
    change_keys(key_file, lambda _: with_ended_key(both, f"{old.verifiers()[0].id:08x}", now_ms=3))
    third = sign_log(MadeLog(8), key_file)
    assert [verified.key for verified in third.verified] == both.verifiers()[1:]


def test_what_was_signed_last_cannot_be_replaced_by_a_stranger(key_file: Path, tmp_path: Path):
    sign_log(MadeLog(7), key_file)
    other = tmp_path / "keys" / "other.key"
    create_keys(other, new_ring("interlock/test", now_ms=1))
    sign_log(MadeLog(3), other)
    other.with_name("other.key.checkpoint").replace(key_file.with_name("test.key.checkpoint"))
    with pytest.raises(EvidenceRefused) as caught:
        sign_log(MadeLog(7), key_file)
    assert caught.value.code == "IL8507"


def test_nothing_is_left_where_there_is_no_key(tmp_path: Path):
    with pytest.raises(KeyUnusable):
        sign_log(MadeLog(7), tmp_path / "none.key")
    assert list(tmp_path.iterdir()) == []
