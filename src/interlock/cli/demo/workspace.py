"""The folder that the demo works in: a project in git, an index, a journal."""

import tempfile
from pathlib import Path
from typing import final

from interlock.cli.demo.index import Index
from interlock.cli.demo.project import HISTORY, NAME
from interlock.cli.demo.repository import Repository
from interlock.errors import UsageError

PREFIX = "interlock-demo-"
SETTINGS = """\
[tool.interlock]
app = "release_agent:registry"
store = "journal.db"
"""
APP = '''\
"""The actions of the release agent, for `interlock` commands that are called in this folder."""

from pathlib import Path

from interlock.cli.demo import release_registry

registry = release_registry(Path(__file__).parent)
'''


@final
class Workspace:
    """The places in the folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / NAME
        self.repository = Repository(self.project)
        self.index = Index(folder / "index")
        self.dist = folder / "dist"
        self.scratch = folder / "scratch"
        self.plan = folder / "release.yaml"
        # There when the shipped proposal is to be taken in place of a model's.
        self.checks = folder / "checks.yaml"
        self.journal = folder / "journal.db"

    def make(self) -> None:
        """Make everything that is there before the agent begins."""
        self.repository.make()
        for revision in HISTORY:
            self.repository.commit(revision)
        self.index.make()
        self.scratch.mkdir()
        (self.folder / "pyproject.toml").write_text(SETTINGS, encoding="utf-8")
        (self.folder / "release_agent.py").write_text(APP, encoding="utf-8")


def new_workspace(folder: str | None) -> Workspace:
    """Make a workspace, in a temporary folder unless one is named.

    Raises:
        UsageError: the named folder has something in it, or cannot be made.
    """
    try:
        place = Path(folder).resolve() if folder else Path(tempfile.mkdtemp(prefix=PREFIX))
        place.mkdir(parents=True, exist_ok=True)
        if any(place.iterdir()):
            raise UsageError(f"{place} is not empty", hint="name a folder that is not there yet")
    except OSError as error:
        raise UsageError(
            f"the workspace {error.filename or ''} cannot be made: {error.strerror}",
            hint="name a folder that can be made with --folder",
        ) from error
    workspace = Workspace(place)
    workspace.make()
    return workspace
