"""The pieces of the demo: its index, its barrier, its wheels, and what its actions refuse."""

import hashlib
import threading
import zipfile
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from interlock.cli.demo.actions import Actions, OutsideOfWorkspace
from interlock.cli.demo.barrier import Barrier
from interlock.cli.demo.index import Index, Refused
from interlock.cli.demo.project import HISTORY
from interlock.cli.demo.repository import NoSuchCommit
from interlock.cli.demo.wheel import NotBuildable, build, problems
from interlock.cli.demo.workspace import Workspace
from interlock.errors import NotApplied

FILES = {name: text.encode() for name, text in HISTORY[-1].files.items()}


@pytest.fixture
def index(tmp_path: Path) -> Index:
    made = Index(tmp_path / "index")
    made.make()
    return made


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    path = tmp_path / "railsignals-1.3.0-py3-none-any.whl"
    path.write_bytes(build(FILES))
    return path


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


# --- the index


def test_one_key_publishes_once(index: Index, wheel: Path):
    answers = [index.publish(wheel, sha256=sha256(wheel), key="k") for _ in range(3)]
    assert [answer.reply for answer in answers] == ["published", "seen before", "seen before"]
    assert len({answer.number for answer in answers}) == 1
    assert len(index.publications()) == 1
    assert len(index.requests()) == 3


def test_another_key_does_not_replace_what_is_there(index: Index, wheel: Path):
    index.publish(wheel, sha256=sha256(wheel), key="k")
    with pytest.raises(Refused, match="is there already"):
        index.publish(wheel, sha256=sha256(wheel), key="other")
    assert len(index.publications()) == 1


def test_bytes_that_are_not_those_of_the_checksum_are_refused(index: Index, wheel: Path):
    with pytest.raises(Refused, match="the checksum of"):
        index.publish(wheel, sha256="0" * 64, key="k")
    assert index.publications() == []
    assert list(index.files.iterdir()) == []


def test_a_process_that_died_between_file_and_log_has_published_nothing(index: Index, wheel: Path):
    (index.files / wheel.name).write_bytes(b"half of it")
    answer = index.publish(wheel, sha256=sha256(wheel), key="k")
    assert answer.reply == "published"
    assert (index.files / wheel.name).read_bytes() == wheel.read_bytes()


def test_many_at_once_publish_once(index: Index, wheel: Path):
    def publish() -> None:
        index.publish(wheel, sha256=sha256(wheel), key="k")

    threads = [threading.Thread(target=publish) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(index.requests()) == 8
    assert len(index.publications()) == 1


# --- the barrier


def test_a_barrier_that_is_down_holds_nobody(tmp_path: Path):
    Barrier(tmp_path).pass_through("here")
    assert list(tmp_path.iterdir()) == []


def test_a_barrier_holds_until_it_is_taken_down(tmp_path: Path):
    barrier = Barrier(tmp_path)
    passed = threading.Event()

    def pass_through() -> None:
        barrier.pass_through("here")
        passed.set()

    with barrier.up() as arrival:
        thread = threading.Thread(target=pass_through)
        thread.start()
        assert arrival(lambda: False) == "here"
        assert not passed.is_set()
    thread.join(timeout=10)
    assert passed.is_set()
    assert list(tmp_path.iterdir()) == []


def test_a_barrier_that_nobody_reaches_is_given_up(tmp_path: Path):
    with Barrier(tmp_path).up() as arrival:
        assert arrival(lambda: True) is None


# --- wheels


def test_the_same_files_give_the_same_wheel(tmp_path: Path):
    assert build(FILES) == build(dict(reversed(FILES.items())))


def test_a_wheel_has_what_the_format_asks_for():
    with zipfile.ZipFile(BytesIO(build(FILES))) as archive:
        names = archive.namelist()
        metadata = archive.read("railsignals-1.3.0.dist-info/METADATA").decode()
    assert names[-1] == "railsignals-1.3.0.dist-info/RECORD"
    assert "railsignals-1.3.0.dist-info/WHEEL" in names
    assert "railsignals/__init__.py" in names
    assert not any(name.startswith("tests/") for name in names)
    assert "Name: railsignals\nVersion: 1.3.0\n" in metadata


def test_a_checked_wheel_shows_every_change():
    good = build(FILES)
    assert problems(good) == []
    changed = good.replace(b'return "red"', b'return "RED"')
    assert changed != good
    assert problems(changed) != []
    assert problems(b"no zip") == ["no zip file: File is not a zip file"]


def test_a_file_that_record_does_not_know_is_found():
    more = BytesIO(build(FILES))
    with zipfile.ZipFile(more, "a") as archive:
        archive.writestr("railsignals/added.py", "x = 1")
    assert problems(more.getvalue()) == ["railsignals/added.py is not in RECORD"]


@pytest.mark.parametrize(
    "files", [{}, {"pyproject.toml": b"["}, {"pyproject.toml": FILES["pyproject.toml"]}]
)
def test_what_cannot_be_built_is_refused(files: dict[str, bytes]):
    with pytest.raises(NotBuildable):
        build(files)


# --- the actions


def test_the_actions_read_what_is_committed(its: Actions):
    head = its.git_status()
    assert head.clean
    assert head.last_tag == "v1.2.0"
    assert its.project_read(head.commit).version == "1.3.0"
    assert its.git_log(head.commit, head.last_tag) == ["Say how fast a train may pass"]
    assert len(its.git_log(head.commit, "")) == 2


def test_a_change_that_is_not_committed_is_seen(its: Actions, workspace: Workspace):
    (workspace.project / "CHANGES.md").write_text("changed", encoding="utf-8")
    assert not its.git_status().clean


def test_tests_that_fail_are_counted(its: Actions, workspace: Workspace):
    last = HISTORY[-1]
    name = "railsignals/__init__.py"
    broken = {**last.files, name: last.files[name].replace('return "red"', 'return "blue"')}
    workspace.repository.commit(replace(last, files=broken, message="Break it"))
    found = its.tests_run(its.git_status().commit)
    assert (found.ran, found.failed) == (4, 2)
    assert "KeyError" in found.report


def test_the_probe_knows_whether_the_wheel_was_built(its: Actions):
    commit = its.git_status().commit
    assert its.wheel_built(commit) is None
    wheel = its.wheel_build(commit)
    assert its.wheel_built(commit) == wheel
    assert its.wheel_checksum(wheel.file).bytes > 0
    assert its.check_wheel(wheel.file).ok


def test_checks_say_what_is_wrong(its: Actions):
    commit = its.git_status().commit
    assert its.check_changelog(commit, "1.3.0").ok
    assert its.check_changelog(commit, "9.9.9").problems == ["CHANGES.md has no section for 9.9.9"]
    assert its.check_syntax(commit).ok


@pytest.mark.parametrize("file", ["../../etc/passwd", "/etc/passwd", "journal.db", "dist", ""])
def test_nothing_but_built_wheels_can_be_published(file: str, its: Actions):
    its.wheel_build(its.git_status().commit)
    with pytest.raises(OutsideOfWorkspace):
        its.wheel_checksum(file)


@pytest.mark.parametrize("commit", ["--output=stolen", "HEAD", "", "v1.2.0", "g" * 40])
def test_a_commit_is_an_id_and_no_option_of_git(commit: str, its: Actions):
    with pytest.raises(NoSuchCommit):
        its.git_log(commit, "v1.2.0")


def test_a_build_that_fails_proves_that_nothing_was_built(its: Actions, workspace: Workspace):
    with pytest.raises(NotApplied):
        its.wheel_build("0" * 40)
    assert not workspace.dist.exists()
