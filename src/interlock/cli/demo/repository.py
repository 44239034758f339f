"""A git repository: what is committed is the only truth about a release."""

import io
import re
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import final

from interlock.cli.demo.programs import output
from interlock.cli.demo.project import Revision
from interlock.errors import Permanent, UsageError

COMMIT = re.compile(r"[0-9a-f]{40}")
AUTHOR = {
    f"GIT_{role}_{what}": value
    for role in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "Ada"), ("EMAIL", "ada@example.org"))
}
# Neither the machine's settings nor the user's: no hook or signing key of theirs takes part.
ALONE = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}


class NoSuchCommit(Permanent):
    """The commit that was named is none of this repository."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What is checked out. `last_tag` is empty when nothing was tagged yet."""

    commit: str
    clean: bool
    last_tag: str


def require_git() -> None:
    """Check that git is there.

    Raises:
        UsageError: it is not; says how to get it.
    """
    if shutil.which("git") is None:
        raise UsageError(
            "the demo releases a project from a git repository, and there is no `git` here",
            hint="install it: `apt install git`, `dnf install git`, `brew install git`,"
            " or https://git-scm.com/downloads",
        )


@final
class Repository:
    """A repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def _git(self, *words: str, env: Mapping[str, str] | None = None) -> str:
        return self._bytes(*words, env=env).decode("utf-8", "replace").strip()

    def _bytes(self, *words: str, env: Mapping[str, str] | None = None) -> bytes:
        return output(["git", *words], folder=self.folder, env={**ALONE, **(env or {})})

    def make(self) -> None:
        """Make an empty repository."""
        self.folder.mkdir(parents=True)
        self._git("init", "--quiet")

    def commit(self, revision: Revision) -> None:
        """Write the files of a revision and commit them; the same revision is the same commit."""
        for name, text in revision.files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        dates = {"GIT_AUTHOR_DATE": revision.date, "GIT_COMMITTER_DATE": revision.date}
        self._git("add", "--all")
        self._git("commit", "--quiet", "--message", revision.message, env={**AUTHOR, **dates})
        if revision.tag:
            self._git("tag", revision.tag)

    def head(self) -> Head:
        """Say what is checked out."""
        tags = self._git("tag", "--merged", "HEAD", "--sort=-version:refname").split()
        return Head(
            commit=self._git("rev-parse", "HEAD"),
            clean=not self._git("status", "--porcelain"),
            last_tag=tags[0] if tags else "",
        )

    def subjects(self, commit: str, since: str) -> list[str]:
        """List the subjects of the commits after a tag, newest first."""
        start = f"refs/tags/{since}.." if since else ""
        return self._git("log", "--format=%s", f"{start}{_checked(commit)}", "--").splitlines()

    def files(self, commit: str) -> dict[str, bytes]:
        """Read all files of a commit."""
        archive = self._bytes("archive", "--format=tar", _checked(commit))
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            found = {member.name: tar.extractfile(member) for member in tar if member.isfile()}
            return {name: file.read() for name, file in found.items() if file is not None}


def _checked(commit: str) -> str:
    """Refuse what is no full id of a commit: what begins with `-` would be an option of git."""
    if not COMMIT.fullmatch(commit):
        raise NoSuchCommit(f"`{commit[:60]}` is no commit: its id has 40 hexadecimal digits")
    return commit
