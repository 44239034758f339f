"""Workspaces as the demo finds them."""

from pathlib import Path

import pytest

from interlock.cli.demo.actions import Actions
from interlock.cli.demo.workspace import Workspace, new_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A workspace in which nothing has happened yet."""
    return new_workspace(str(tmp_path / "workspace"))


@pytest.fixture
def its(workspace: Workspace) -> Actions:
    """The functions of the actions."""
    return Actions(workspace)
