"""One demo that is shown once, for the tests that look at it; and workspaces for the others."""

import shutil
from pathlib import Path

import pytest

from e2e.demo.process import Shown, show_demo
from interlock.cli.demo.actions import Actions
from interlock.cli.demo.model import SHIPPED
from interlock.cli.demo.workspace import Workspace, new_workspace


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo as it is shipped."""
    return show_demo(tmp_path_factory.mktemp("shown"))


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace as the demo finds it."""
    return new_workspace(str(tmp_path / "workspace"))


@pytest.fixture
def its(workspace: Workspace) -> Actions:
    """The functions of the actions."""
    return Actions(workspace)


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of the shipped answers, to be edited."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "shelf"))
