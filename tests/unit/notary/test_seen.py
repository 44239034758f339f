"""The file of a witness: made once, held by one process, and never guessed at."""

from pathlib import Path

import pytest

from interlock.errors import EvidenceRefused, UsageError
from interlock.notary import Memory, Seen, create_memory
from unit.notary.logs import ORIGIN, checkpoint, leaves

SEEN = Seen(note=checkpoint(leaves(5), 5), time_s=1_800_000_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "seen.json"
    create_memory(path)
    return path


def test_what_was_kept_is_there_after_a_restart(path: Path):
    with Memory(path) as memory:
        assert memory.logs == {}
        memory.keep(ORIGIN, SEEN)
        assert memory.last(ORIGIN) == SEEN
    with Memory(path) as memory:
        assert memory.logs == {ORIGIN: SEEN}
        assert memory.last("example.com/other") is None


def test_only_its_owner_may_read_it(path: Path):
    assert path.stat().st_mode & 0o077 == 0
    with Memory(path) as memory:
        memory.keep(ORIGIN, SEEN)
    assert path.stat().st_mode & 0o077 == 0


def test_it_is_made_once(path: Path):
    with pytest.raises(UsageError, match="a witness in"):
        create_memory(path)


def test_a_file_that_is_gone_is_not_made_anew(path: Path):
    path.unlink()
    with pytest.raises(UsageError, match="nobody knows what this witness has cosigned"):
        Memory(path)
    assert not path.exists()


def test_one_process_holds_it(path: Path):
    with Memory(path), pytest.raises(UsageError, match="another process"):
        Memory(path)
    with Memory(path) as memory:
        assert memory.logs == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        '{"v":2,"logs":{}}',
        '{"v":1}',
        '{"v":1,"logs":[]}',
        '{"v":1,"logs":{"example.com/log":7}}',
        '{"v":1,"logs":{"example.com/log":{"checkpoint":"x","time_s":1}}}',
        '{"v":1,"logs":{"example.com/log":{"checkpoint":7,"time_s":1}}}',
    ],
)
def test_a_damaged_file_is_refused(path: Path, text: str):
    path.write_text(text, encoding="utf-8")
    with pytest.raises(EvidenceRefused) as caught:
        Memory(path)
    assert caught.value.code == "IL8532"
    create_memory(path.with_name("other.json"))
    with Memory(path.with_name("other.json")):
        pass


def test_a_checkpoint_under_the_name_of_another_log_is_refused(path: Path):
    with Memory(path) as memory:
        memory.keep("example.com/other", SEEN)
    with pytest.raises(EvidenceRefused, match="of another log"):
        Memory(path)


def test_a_file_that_was_refused_is_let_go(path: Path):
    good = path.read_bytes()
    path.write_bytes(b"{")
    with pytest.raises(EvidenceRefused):
        Memory(path)
    path.write_bytes(good)
    with Memory(path) as memory:
        assert memory.logs == {}
