"""Folders for journal files."""

import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

IN_MEMORY = Path("/dev/shm")


@pytest.fixture
def fast_folder() -> Generator[Path]:
    """A folder where an fsync costs nothing, where there is one: for tests that make many."""
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place) as folder:
        yield Path(folder)
