"""An empty project for each test, and the end of all its processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.hostile.world import PYPROJECT, World


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    found = World(folder=tmp_path)
    yield found
    found.close()
