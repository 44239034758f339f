"""What the release agent may do: typed actions over one workspace, each with its effect."""

import hashlib
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from interlock.actions import Context, Registry, action
from interlock.cli.demo.environment import install_and_import
from interlock.cli.demo.model import propose_checks
from interlock.cli.demo.programs import ProgramFailed, run, said
from interlock.cli.demo.repository import Head, NoSuchCommit
from interlock.cli.demo.wheel import NotBuildable, build, problems, read_metadata
from interlock.cli.demo.workspace import Workspace
from interlock.errors import NotApplied, Permanent

RAN = re.compile(r"^Ran (\d+) tests? in ", re.MULTILINE)
FAILED = re.compile(r"(?:failures|errors)=(\d+)")


class OutsideOfWorkspace(NotApplied, Permanent):
    """A path leads to something that no action made; nothing is done with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """What a commit says of itself."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What the index has of a project."""

    published: bool
    versions: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """How the tests of a commit ended; `report` is empty when all is well."""

    ran: int
    failed: int
    report: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """A wheel that was built; `file` is its path in the workspace."""

    file: str
    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checksum:
    """The checksum of a file."""

    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What a check found; `problems` is empty when it is ok."""

    ok: bool
    problems: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """The receipt of the index."""

    file: str
    sha256: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """What was imported in the fresh environment."""

    name: str
    version: str


@final
class Actions:
    """The functions of the actions. What they return depends on the workspace and nothing else."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace

    def _scratch(self, prefix: str) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix=prefix, dir=self.workspace.scratch)

    def git_status(self) -> Head:
        """Read the checked-out commit, whether all is committed, and the last tag before it."""
        return self.workspace.repository.head()

    def git_log(self, commit: str, since: str) -> list[str]:
        """Read the subjects of the commits after a tag."""
        return self.workspace.repository.subjects(commit, since)

    def project_read(self, commit: str) -> Project:
        """Read the name and the version of the project at a commit."""
        metadata = read_metadata(self.workspace.repository.files(commit))
        return Project(name=metadata.name, version=metadata.version)

    def index_find(self, name: str, version: str) -> Found:
        """Ask the index which versions it has, and whether this one is among them."""
        versions = self.workspace.index.versions(name)
        return Found(published=version in versions, versions=versions)

    def tests_run(self, commit: str) -> Tested:
        """Run the unit tests of a commit in a process of their own."""
        with self._scratch("tests-") as folder:
            for name, data in self.workspace.repository.files(commit).items():
                path = Path(folder, name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
            words = ("-m", "unittest", "discover", "-s", "tests")
            done = run([sys.executable, "-B", *words], folder=Path(folder))
        report = said(done)
        ran = RAN.search(report)
        failed = sum(int(count) for count in FAILED.findall(report))
        well = done.returncode == 0
        return Tested(
            ran=int(ran[1]) if ran else 0,
            failed=0 if well else max(1, failed),
            report="" if well else report,
        )

    def wheel_build(self, commit: str) -> Wheel:
        """Build the wheel of a commit; the same commit gives the same bytes."""
        try:
            files = self.workspace.repository.files(commit)
            wheel, path = self._wheel_of(commit, files)
            data = build(files)
        except (ProgramFailed, NotBuildable, NoSuchCommit) as error:
            # Nothing was written yet: without this word the write would be in doubt.
            raise NotApplied(f"{error}") from error
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
        return wheel

    def wheel_built(self, commit: str) -> Wheel | None:
        """Say whether the wheel of a commit was built; the probe of `wheel.build`."""
        wheel, path = self._wheel_of(commit, self.workspace.repository.files(commit))
        return wheel if path.exists() else None

    def _wheel_of(self, commit: str, files: dict[str, bytes]) -> tuple[Wheel, Path]:
        metadata = read_metadata(files)
        path = self.workspace.dist / commit[:12] / metadata.file
        file = path.relative_to(self.workspace.folder).as_posix()
        return Wheel(file=file, name=metadata.name, version=metadata.version), path

    def wheel_checksum(self, file: str) -> Checksum:
        """Take the SHA-256 of a wheel."""
        data = self._built(file).read_bytes()
        return Checksum(sha256=hashlib.sha256(data).hexdigest(), bytes=len(data))

    def _built(self, file: str) -> Path:
        """Resolve a path that a plan named: nothing but wheels that were built here may leave."""
        path = (self.workspace.folder / file).resolve()
        if not path.is_relative_to(self.workspace.dist.resolve()) or not path.is_file():
            raise OutsideOfWorkspace(f"`{file[:200]}` is no wheel that was built here")
        return path

    def check_changelog(self, commit: str, version: str) -> Check:
        """Check that the list of changes has a section for a version."""
        text = self.workspace.repository.files(commit).get("CHANGES.md", b"").decode()
        there = f"## {version}" in text.splitlines()
        told = [] if there else [f"CHANGES.md has no section for {version}"]
        return Check(ok=there, problems=told)

    def check_wheel(self, file: str) -> Check:
        """Check that every file of a wheel is what its RECORD says."""
        found = problems(self._built(file).read_bytes())
        return Check(ok=not found, problems=found)

    def check_syntax(self, commit: str) -> Check:
        """Check that every Python file of a commit compiles."""
        found: list[str] = []
        for name, data in self.workspace.repository.files(commit).items():
            if name.endswith(".py"):
                try:
                    compile(data, name, "exec")
                except (SyntaxError, ValueError) as error:
                    found.append(f"{name}: {error}")
        return Check(ok=not found, problems=found)

    async def agent_checks(
        self, *, goal: str, commit: str, version: str, file: str, ctx: Context
    ) -> Any:
        """Ask the model which extra checks this release needs: it answers with a graph."""
        given = {"commit": commit, "version": version, "file": file}
        return await propose_checks(self.workspace.checks, goal, given, ctx=ctx)

    def index_publish(self, file: str, sha256: str, ctx: Context) -> Publication:
        """Publish a wheel; a second request with the same key gets the first answer again."""
        answer = self.workspace.index.publish(
            self._built(file), sha256=sha256, key=ctx.idempotency_key
        )
        return Publication(file=answer.file, sha256=answer.sha256, number=answer.number)

    def install_verify(self, name: str, version: str, sha256: str) -> Installed:
        """Install a release from the index into a fresh environment, and import it there."""
        with self._scratch("install-") as folder:
            found = install_and_import(
                name,
                version,
                sha256=sha256,
                files=self.workspace.index.files,
                place=Path(folder),
            )
        if not found.inside or found.own_version != found.version:
            raise Permanent(f"what was imported is not what was installed: {found}")
        return Installed(name=name, version=found.version)


def release_registry(folder: Path) -> Registry:
    """Make the actions of the release agent for the workspace in a folder."""
    its = Actions(Workspace(folder))
    return Registry(
        [
            action("git.status", effect="read")(its.git_status),
            action("git.log", effect="read")(its.git_log),
            action("project.read", effect="read")(its.project_read),
            action("index.find", effect="read")(its.index_find),
            action("tests.run", effect="read")(its.tests_run),
            action("wheel.build", effect="write", probe=its.wheel_built)(its.wheel_build),
            action("wheel.checksum", effect="read")(its.wheel_checksum),
            action("check.changelog", effect="read")(its.check_changelog),
            action("check.wheel", effect="read")(its.check_wheel),
            action("check.syntax", effect="read")(its.check_syntax),
            action("agent.checks", effect="read", metered=True)(its.agent_checks),
            action("index.publish", effect="write", key="Context.idempotency_key", window="24h")(
                its.index_publish
            ),
            action("install.verify", effect="read")(its.install_verify),
        ]
    )
