"""One demo that is shown once, for the tests that look at it; and answers to be edited."""

import shutil
from pathlib import Path

import pytest

from e2e.demo.process import ANSWERS, Shown, show_demo


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """The demo as it is shipped."""
    return show_demo(tmp_path_factory.mktemp("shown"))


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A copy of the shipped answers."""
    return Path(shutil.copytree(ANSWERS, tmp_path / "shelf"))
