"""A key file is refused where somebody else could put another one in its place."""

import os
from pathlib import Path

import pytest

from interlock.errors import KeyUnusable
from interlock.notary import create_keys, new_ring, read_keys

RING = new_ring("interlock/test", now_ms=1_000)
ROOT, DAEMON = 0, 1
"""Users and groups that every system has; nobody is in the group of the second but itself."""

needs_root = pytest.mark.skipif(os.geteuid() != ROOT, reason="only root gives files to others")


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key in a folder inside another one."""
    path = tmp_path / "outer" / "keys" / "test.key"
    create_keys(path, RING)
    return path


def refusal(path: Path) -> KeyUnusable:
    with pytest.raises(KeyUnusable) as caught:
        read_keys(path)
    return caught.value


@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o722, 0o703])
def test_a_folder_that_everybody_may_write_is_refused(key: Path, mode: int):
    key.parent.chmod(mode)
    error = refusal(key)
    assert error.code == "IL8514"
    assert f"others may write the folder {key.parent} (its mode is {mode:04o})" in error.message
    assert ("chmod go-w" in error.hint) == (mode != 0o1777)
    assert "a folder of your own" in error.hint


@pytest.mark.parametrize("mode,is_refused", [(0o777, True), (0o1777, False), (0o755, False)])
def test_a_folder_further_up_may_be_written_only_if_nothing_in_it_can_be_replaced(
    key: Path, mode: int, *, is_refused: bool
):
    key.parent.parent.chmod(mode)
    if is_refused:
        assert f"the folder {key.parent.parent} " in refusal(key).message
    else:
        assert read_keys(key) == RING


@needs_root
@pytest.mark.parametrize("group,is_refused", [(DAEMON, True), (ROOT, False), (3_999_999, True)])
def test_a_group_that_may_write_must_have_nobody_else(key: Path, group: int, *, is_refused: bool):
    os.chown(key.parent, -1, group)
    key.parent.chmod(0o770)
    if is_refused:
        assert "others may write the folder" in refusal(key).message
    else:
        assert read_keys(key) == RING


@needs_root
def test_a_folder_of_another_user_is_refused_wherever_it_is(key: Path):
    for folder in (key.parent, key.parent.parent):
        os.chown(folder, DAEMON, -1)
        assert f"the folder {folder} belongs to another user (uid 1)" in refusal(key).message
        os.chown(folder, ROOT, -1)
    assert read_keys(key) == RING


def test_links_are_followed_and_all_that_they_pass_is_looked_at(key: Path, tmp_path: Path):
    (tmp_path / "folder").symlink_to("outer/../outer/keys")
    (tmp_path / "link.key").symlink_to(tmp_path / "folder" / "test.key")
    for path in (tmp_path / "folder" / "test.key", tmp_path / "link.key"):
        assert read_keys(path) == RING
        key.parent.chmod(0o777)
        assert f"the folder {key.parent} " in refusal(path).message
        key.parent.chmod(0o700)


def test_the_folder_of_a_link_to_a_key_is_looked_at(key: Path, tmp_path: Path):
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "link.key").symlink_to(key)
    assert read_keys(shared / "link.key") == RING
    shared.chmod(0o1777)
    assert f"the folder {shared} " in refusal(shared / "link.key").message


@needs_root
def test_a_link_of_another_user_is_refused(key: Path, tmp_path: Path):
    link = tmp_path / "link.key"
    link.symlink_to(key)
    os.chown(link, DAEMON, -1, follow_symlinks=False)
    assert f"the link {link} belongs to another user (uid 1)" in refusal(link).message


def test_links_in_a_circle_are_no_key_file(tmp_path: Path):
    (tmp_path / "one").symlink_to("two")
    (tmp_path / "two").symlink_to("one")
    assert "cannot be read" in refusal(tmp_path / "one").message
    assert "cannot be read" in refusal(tmp_path / "one" / "test.key").message


def test_a_path_from_here_is_looked_at_as_well(key: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(key.parent)
    assert read_keys(Path("test.key")) == read_keys(Path("../keys/test.key")) == RING
    key.parent.chmod(0o777)
    for path in ("test.key", "../keys/test.key"):
        assert f"the folder {key.parent} " in refusal(Path(path)).message


def test_no_key_is_made_where_others_could_replace_it(tmp_path: Path):
    tmp_path.chmod(0o777)
    for path in (tmp_path / "test.key", tmp_path / "keys" / "test.key"):
        with pytest.raises(KeyUnusable, match="others may write the folder"):
            create_keys(path, RING)
    assert list(tmp_path.iterdir()) == []
