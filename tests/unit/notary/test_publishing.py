"""A published folder is always a whole log: whatever happened, and whoever reads it when."""

from pathlib import Path

import pytest

from interlock.audit import (
    TileName,
    TileTree,
    cosign,
    open_checkpoint,
    parse_tile_path,
    prove_inclusion,
    signer_from_seed,
    tiles_between,
    verify_inclusion,
)
from interlock.errors import EvidenceRefused
from interlock.notary import (
    Published,
    create_keys,
    keep_cosigned,
    new_ring,
    publish,
    read_keys,
    sign_log,
)
from unit.notary.madelog import MadeLog

WITNESS = signer_from_seed("witness.example/w1", bytes(32))


@pytest.fixture
def key_file(tmp_path: Path) -> Path:
    path = tmp_path / "keys" / "test.key"
    create_keys(path, new_ring("interlock/test", now_ms=1))
    return path


def publish_log(log: MadeLog, key_file: Path, folder: Path) -> Published:
    signed = sign_log(log, key_file, published=folder / "checkpoint")
    return publish(log, signed, key_file=key_file, folder=folder)


def check_folder(folder: Path, key_file: Path, log: MadeLog) -> int:
    """Read a folder as a stranger does, and prove every leaf from it."""
    keys = read_keys(key_file).verifiers()
    data = (folder / "checkpoint").read_bytes()
    head = open_checkpoint(data, origin="interlock/test", keys=keys).checkpoint.tree

    def read(name: TileName) -> bytes:
        path = folder / name.path()
        return path.read_bytes() if path.exists() else (folder / name.full().path()).read_bytes()

    tree = TileTree(head.size, read)
    for index in range(0, head.size, 1 + head.size // 20):
        proof = prove_inclusion(index, head.size, tree)
        verify_inclusion(log.leaves[index], proof, index=index, tree=head)
    return head.size


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_a_log_is_published_as_it_grows(tmp_path: Path, key_file: Path):
    folder = tmp_path / "public" / "log"
    before = 0
    for size in (0, 1, 5, 5, 256, 300, 600):
        log = MadeLog(size)
        done = publish_log(log, key_file, folder)
        assert (done.old_size, done.new_size) == (before, size)
        assert done.tiles == len(list(tiles_between(before, size)))
        assert check_folder(folder, key_file, log) == size
        before = size
    assert files(folder) == {
        "checkpoint",
        *("tile/0/000", "tile/0/001", "tile/0/002.p/88"),
        *("tile/1/000.p/1", "tile/1/000.p/2"),
    }


@pytest.mark.parametrize("sizes", [(0, 1, 512), (300, 511), (257, 258), (700, 769)])
def test_all_that_is_published_are_tiles(tmp_path: Path, key_file: Path, sizes: tuple[int, ...]):
    folder = tmp_path / "public"
    for size in sizes:
        publish_log(MadeLog(size), key_file, folder)
        assert check_folder(folder, key_file, MadeLog(size)) == size
    for path in files(folder) - {"checkpoint"}:
        assert len((folder / path).read_bytes()) == 32 * parse_tile_path(path).width


def test_an_interrupted_publication_is_taken_up(tmp_path: Path, key_file: Path):
    """As after a crash, or on a full disk: some tiles are there, and the old checkpoint."""
    folder, blocked = tmp_path / "log", tmp_path / "log" / "tile" / "1"
    publish_log(MadeLog(200), key_file, folder)
    blocked.touch()
    with pytest.raises(OSError, match=r"exists|directory"):
        publish_log(MadeLog(300), key_file, folder)
    assert check_folder(folder, key_file, MadeLog(200)) == 200
    blocked.unlink()
    publish_log(MadeLog(310), key_file, folder)
    assert check_folder(folder, key_file, MadeLog(310)) == 310


def test_a_tile_is_never_changed(tmp_path: Path, key_file: Path):
    folder = tmp_path / "log"
    other = folder / "tile" / "0" / "000.p" / "5"
    other.parent.mkdir(parents=True)
    other.write_bytes(bytes(160))
    with pytest.raises(EvidenceRefused, match="tile of another log"):
        publish_log(MadeLog(5), key_file, folder)
    assert other.read_bytes() == bytes(160)
    assert not (folder / "checkpoint").exists()


def test_two_logs_do_not_share_a_folder(tmp_path: Path, key_file: Path):
    folder, second = tmp_path / "log", tmp_path / "keys" / "second.key"
    publish_log(MadeLog(5), key_file, folder)
    create_keys(second, new_ring("interlock/second", now_ms=1))
    with pytest.raises(EvidenceRefused):
        publish_log(MadeLog(9), second, folder)
    assert check_folder(folder, key_file, MadeLog(5)) == 5


def test_a_log_that_was_put_back_is_not_published_even_with_a_key_file_put_back(
    tmp_path: Path, key_file: Path
):
    folder = tmp_path / "log"
    publish_log(MadeLog(9), key_file, folder)
    key_file.with_name("test.key.checkpoint").unlink()
    for wrong in (MadeLog(5), MadeLog(12, changed=3)):
        with pytest.raises(EvidenceRefused) as caught:
            publish_log(wrong, key_file, folder)
        assert caught.value.code == "IL8513"
    assert check_folder(folder, key_file, MadeLog(9)) == 9


def test_an_earlier_checkpoint_does_not_replace_a_later_one(tmp_path: Path, key_file: Path):
    """Two processes sign and publish, and the one that signed first comes last."""
    folder, log = tmp_path / "log", MadeLog(9)
    early = sign_log(MadeLog(5), key_file)
    late = sign_log(log, key_file)
    publish(log, late, key_file=key_file, folder=folder)
    done = publish(log, early, key_file=key_file, folder=folder)
    assert done == Published(old_size=9, new_size=9, tiles=0)
    assert check_folder(folder, key_file, log) == 9


def test_a_log_is_published_under_its_own_checkpoint_only(tmp_path: Path, key_file: Path):
    signed = sign_log(MadeLog(9), key_file)
    with pytest.raises(EvidenceRefused):
        publish(MadeLog(12, changed=3), signed, key_file=key_file, folder=tmp_path / "log")
    assert not (tmp_path / "log" / "checkpoint").exists()


def test_cosignatures_are_published_and_kept_until_the_log_grows(tmp_path: Path, key_file: Path):
    folder, log = tmp_path / "log", MadeLog(5)
    signed = sign_log(log, key_file)
    cosigned = signed.note.signed(cosign(signed.note.text, WITNESS, time_s=7))
    keep_cosigned(cosigned, key_file)
    publish(log, sign_log(log, key_file), key_file=key_file, folder=folder)
    assert (folder / "checkpoint").read_text(encoding="utf-8") == str(cosigned)
    later = sign_log(MadeLog(6), key_file)
    keep_cosigned(cosigned, key_file)
    assert sign_log(MadeLog(6), key_file) == later
