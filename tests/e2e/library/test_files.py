"""Real files: nothing leaves the root, not by `..`, not by a link, not by a race."""

import os
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from e2e.library.running import lone, run
from interlock.actions import AnyAction, Context, Registry, Safety, declare
from interlock.errors import NotApplied
from interlock.journal import AttemptFailed, ProbeAnswered
from interlock.library import library
from interlock.values import Digest, Json


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "secret.txt").write_text("secret", encoding="utf-8")
    (folder / "a.txt").write_text("hällo\n", encoding="utf-8")
    return folder


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def output(root: Path, call: str, **given: Any) -> Any:
    result = await run(lone(call, given), registry=library(root))
    assert result.status == "succeeded", result.failure
    return result.output


async def refusal(root: Path, call: str, **given: Any) -> str:
    result = await run(lone(call, given), registry=library(root))
    assert result.status == "failed"
    return f"{result.failure}; {result.hint}"


def context(attempt_no: int = 1, **more: Any) -> Context:
    return Context(
        idempotency_key=Digest("sha256:" + "ab" * 32),
        attempt_no=attempt_no,
        deadline_ms=1_000,
        now=lambda: 0,
        random=lambda: 0.5,
        **more,
    )


def action(root: Path, name: str) -> AnyAction:
    return library(root).get(name)


# --- files.read


async def test_a_file_is_read_with_its_digest(root: Path):
    data = "hällo\n".encode()
    assert await output(root, "files.read", path="./a.txt") == {
        "path": "a.txt",
        "size": len(data),
        "digest": f"sha256:{sha256(data).hexdigest()}",
        "encoding": "text",
        "content": "hällo\n",
    }


async def test_a_file_is_read_as_json_or_bytes(root: Path):
    (root / "b.json").write_text('{"list": [1, 2.5, null]}', encoding="utf-8")
    (root / "c.bin").write_bytes(b"\xff\x00")
    found = await output(root, "files.read", path="b.json", encoding="json")
    assert found["content"] == {"list": [1, 2.5, None]}
    found = await output(root, "files.read", path="c.bin", encoding="base64")
    assert found["content"] == "/wA="
    assert "is not UTF-8; read it with" in await refusal(root, "files.read", path="c.bin")
    told = await refusal(root, "files.read", path="a.txt", encoding="json")
    assert "`a.txt` is not JSON" in told


async def test_a_file_over_the_limit_is_refused(root: Path):
    (root / "big").write_bytes(b"x" * 11)
    assert "more than 10 bytes" in await refusal(root, "files.read", path="big", bytes_max=10)
    assert (await output(root, "files.read", path="big", bytes_max=11))["size"] == 11


@pytest.mark.parametrize(
    "path, told",
    [
        ("../outside/secret.txt", "has `..` in it"),
        ("link", "goes through a link"),
        ("folder_link/secret.txt", "goes through a link"),
        ("inner/up/secret.txt", "goes through a link"),
        ("inner_link", "goes through a link"),
        ("broken", "goes through a link"),
        ("loop", "goes through a link"),
        ("inner", "is not a regular file"),
        ("pipe", "is not a regular file"),
        (".", "is the root itself"),
        ("missing", "No such file"),
        ("a.txt/b", "Not a directory"),
    ],
)
async def test_nothing_but_files_below_the_root_is_read(root: Path, path: str, told: str):
    (root / "inner").mkdir()
    (root / "link").symlink_to("../outside/secret.txt")
    (root / "folder_link").symlink_to(root.parent / "outside")
    (root / "inner" / "up").symlink_to("../../outside")
    (root / "inner_link").symlink_to("a.txt")
    (root / "broken").symlink_to("nowhere")
    (root / "loop").symlink_to("loop")
    os.mkfifo(root / "pipe")
    assert told in await refusal(root, "files.read", path=path)


async def test_an_absolute_path_is_refused(root: Path):
    told = await refusal(root, "files.read", path=str(root / "a.txt"))
    assert "is absolute" in told


async def test_the_root_may_be_a_link(root: Path):
    (root.parent / "alias").symlink_to("root")
    assert (await output(root.parent / "alias", "files.read", path="a.txt"))["size"] == 7


# --- races


CALLS = ("open", "stat", "mkdir", "rename", "unlink", "scandir")


class Meddler:
    """Does something bad right before the n-th call of the operating system."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, attack: Callable[[], None], *, at: int):
        self.left = at
        self.attack = attack
        for name in CALLS:
            monkeypatch.setattr(os, name, self.meddling(getattr(os, name)))

    def meddling(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def meddled(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            if self.left == 0:
                self.attack()
            return call(*args, **kwargs)

        return meddled


def make_folder(root: Path) -> None:
    (root / "in").mkdir()
    (root / "in" / "secret.txt").write_text("harmless", encoding="utf-8")


def swap_folder(root: Path) -> None:
    (root / "in").rename(root / "aside")
    (root / "in").symlink_to(root.parent / "outside")


def swap_file(root: Path) -> None:
    (root / "in" / "secret.txt").unlink()
    (root / "in" / "secret.txt").symlink_to(root.parent / "outside" / "secret.txt")


def move_folder_out(root: Path) -> None:
    """What is moved away by somebody who may do that takes its files along."""
    (root / "in").rename(root.parent / "moved")
    (root / "in").symlink_to(root.parent / "outside")


ATTACKS = [swap_folder, swap_file, move_folder_out]
USES: dict[str, dict[str, Any]] = {
    "files.read": {"path": "in/secret.txt"},
    "files.write": {"path": "in/secret.txt", "content": "new"},
    "files.list": {"path": "in", "recursive": True},
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("name", USES)
def test_no_race_leads_out(tmp_path: Path, name: str, attack: Callable[[Path], None]):
    """At each call that an action makes, somebody swaps what it is about to use for a link."""
    for at in range(1, 100):
        root = tmp_path / str(at) / "root"
        outside = root.parent / "outside"
        root.mkdir(parents=True)
        outside.mkdir()
        for file in ("secret.txt", "other.txt"):
            (outside / file).write_text("secret", encoding="utf-8")
        make_folder(root)
        used = action(root, name)
        given = dict(USES[name], **({"ctx": context()} if name == "files.write" else {}))
        with pytest.MonkeyPatch.context() as patched:
            meddler = Meddler(patched, lambda root=root: attack(root), at=at)
            try:
                found = used.func(**given)
            except NotApplied:
                found = None
        assert names_in(outside) == ["other.txt", "secret.txt"]
        assert (outside / "secret.txt").read_text(encoding="utf-8") == "secret"
        assert "'content': 'secret'" not in repr(found)
        assert "other.txt" not in repr(found)
        if meddler.left > 0:
            assert at > 3
            return
    pytest.fail("the action never ends")


# --- files.write


async def test_a_file_is_written_whole(root: Path):
    data = "ä\n".encode()
    assert await output(root, "files.write", path="new.txt", content="ä\n") == {
        "path": "new.txt",
        "size": 3,
        "digest": f"sha256:{sha256(data).hexdigest()}",
    }
    assert (root / "new.txt").read_bytes() == data
    assert names_in(root) == ["a.txt", "new.txt"]


async def test_values_and_bytes_are_written(root: Path):
    value = {"b": [1], "a": "é"}
    await output(root, "files.write", path="v.json", content=value, encoding="json")
    text = (root / "v.json").read_text(encoding="utf-8")
    assert text == '{\n  "a": "é",\n  "b": [\n    1\n  ]\n}\n'
    await output(root, "files.write", path="v.bin", content="/wA=", encoding="base64")
    assert (root / "v.bin").read_bytes() == b"\xff\x00"
    told = await refusal(root, "files.write", path="x", content="not base64!", encoding="base64")
    assert "is not base64" in told
    told = await refusal(root, "files.write", path="x", content={"a": 1})
    assert "`content` is no string but dict; write it with `encoding: json`" in told


async def test_folders_are_made_when_asked_for(root: Path):
    told = await refusal(root, "files.write", path="d/e/f", content="x")
    assert "`d/e`: No such file or directory; `folders: true` makes" in told
    await output(root, "files.write", path="d/e/f", content="x", folders=True)
    assert (root / "d/e/f").read_text(encoding="utf-8") == "x"


async def test_a_file_that_is_replaced_keeps_its_mode(root: Path):
    (root / "a.txt").chmod(0o640)
    await output(root, "files.write", path="a.txt", content="x")
    assert (root / "a.txt").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("path", ["link", "dangling", "folder", "pipe", "folder_link/x", "../x"])
async def test_nothing_but_files_below_the_root_is_replaced(root: Path, path: str):
    outside = root.parent / "outside"
    (root / "link").symlink_to("../outside/secret.txt")
    (root / "dangling").symlink_to("../outside/new.txt")
    (root / "folder_link").symlink_to(outside)
    (root / "folder").mkdir()
    os.mkfifo(root / "pipe")
    told = await refusal(root, "files.write", path=path, content="evil", folders=True)
    assert told.startswith("IL6009")
    assert (outside / "secret.txt").read_text(encoding="utf-8") == "secret"
    assert names_in(outside) == ["secret.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_is_left_alone(root: Path):
    root.chmod(0o500)
    try:
        with pytest.raises(NotApplied, match="Permission denied"):
            action(root, "files.write").func(path="x", content="x", ctx=context())
    finally:
        root.chmod(0o700)


def test_an_attempt_that_is_over_changes_nothing(root: Path):
    """A thread cannot be stopped: it looks before the one step that counts."""
    write = action(root, "files.write").func
    late = Context(
        idempotency_key=Digest("sha256:00"),
        attempt_no=1,
        deadline_ms=1_000,
        now=lambda: 1_001,
        random=lambda: 0.5,
    )
    for ctx in (late, context(is_cancelled=lambda: True)):
        with pytest.raises(NotApplied, match="the attempt was over by then"):
            write(path="a.txt", content="late", ctx=ctx)
    assert (root / "a.txt").read_text(encoding="utf-8") == "hällo\n"
    assert names_in(root) == ["a.txt"]


def test_what_a_crash_left_behind_is_removed(root: Path):
    write = action(root, "files.write").func
    left = root / f".interlock-{'ab' * 16}-1"
    left.write_text("half", encoding="utf-8")
    write(path="a.txt", content="whole", ctx=context(attempt_no=2))
    assert not left.exists()
    assert (root / "a.txt").read_text(encoding="utf-8") == "whole"


def test_the_probe_finds_what_was_written(root: Path):
    found = action(root, "files.write")
    probe = found.safety.probe
    assert probe is not None
    given: dict[str, Any] = {"path": "n.txt", "content": "x", "encoding": "text", "folders": False}
    assert probe(**given, ctx=context()) is None
    written = found.func(**given, ctx=context())
    assert probe(**given, ctx=context()) == written
    (root / "n.txt").write_text("xy", encoding="utf-8")
    assert probe(**given, ctx=context()) is None


async def test_a_write_whose_answer_was_lost_is_found_again(root: Path):
    """The engine asks the probe, and the run goes on as if the answer had come."""
    real = action(root, "files.write")

    def lossy(*, path: str, content: Json, encoding: Any, folders: bool, ctx: Context) -> Json:
        real.func(path=path, content=content, encoding=encoding, folders=folders, ctx=ctx)
        raise ConnectionError("lost")

    manifest = real.manifest
    unlucky = declare(
        "files.write",
        lossy,
        arguments=manifest.arguments,
        returns=manifest.returns,
        safety=Safety(probe=real.safety.probe),
    )
    document = lone("files.write", {"path": "n.txt", "content": "x"}, timeout="50ms")
    result = await run(document, registry=Registry([unlucky]))
    assert result.status == "succeeded"
    assert [event.answer for event in result.events(ProbeAnswered)] == ["applied"]
    assert [e.error.code for e in result.events(AttemptFailed)] == ["IL6001"]


# --- files.list


async def test_a_folder_is_listed_in_order(root: Path):
    (root / "b").mkdir()
    (root / "b" / "c.txt").write_text("xy", encoding="utf-8")
    (root / "Z").symlink_to("/")
    (root / ".interlock-1234-1").write_text("", encoding="utf-8")
    os.mkfifo(root / "p")
    flat = [
        {"path": "Z", "kind": "link", "size": 0},
        {"path": "a.txt", "kind": "file", "size": 7},
        {"path": "b", "kind": "folder", "size": 0},
        {"path": "p", "kind": "other", "size": 0},
    ]
    assert await output(root, "files.list") == {"entries": flat, "truncated": False}
    deep = await output(root, "files.list", recursive=True)
    assert [entry["path"] for entry in deep["entries"]] == ["Z", "a.txt", "b", "b/c.txt", "p"]


@pytest.mark.parametrize(
    "given, paths, truncated",
    [
        ({"pattern": "*.txt"}, ["a.txt"], False),
        ({"pattern": "*.txt", "recursive": True}, ["a.txt", "b/c.txt", "b/d.txt"], False),
        ({"pattern": "b/*", "recursive": True}, ["b/c.txt", "b/d.txt"], False),
        ({"path": "b"}, ["b/c.txt", "b/d.txt"], False),
        ({"path": "./b/"}, ["b/c.txt", "b/d.txt"], False),
        ({"recursive": True, "entries_max": 2}, ["a.txt", "b"], True),
        ({"pattern": "[!a]*", "entries_max": 1}, ["b"], False),
    ],
)
async def test_a_list_is_narrowed(
    root: Path, given: dict[str, Any], paths: list[str], *, truncated: bool
):
    (root / "b").mkdir()
    for name in ("c.txt", "d.txt"):
        (root / "b" / name).write_text("", encoding="utf-8")
    found = await output(root, "files.list", **given)
    assert [entry["path"] for entry in found["entries"]] == paths
    assert found["truncated"] is truncated


async def test_a_name_that_is_no_text_is_shown_as_such(root: Path):
    os.close(os.open(bytes(root) + b"/\xff.txt", os.O_CREAT))
    found = await output(root, "files.list", pattern="*.txt")
    assert [entry["path"] for entry in found["entries"]] == ["a.txt", "\ufffd.txt"]


@pytest.mark.parametrize("path", ["..", "/", "away", "away/deep", "a.txt"])
async def test_only_folders_below_the_root_are_listed(root: Path, path: str):
    (root / "away").symlink_to(root.parent / "outside")
    assert await refusal(root, "files.list", path=path)
