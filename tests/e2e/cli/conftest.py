"""A shell in a project of its own, for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.cli import gated as gated_project
from e2e.cli.project import FILES, Shell, forget_user_modules, new_shell


@pytest.fixture
def empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    """A shell in an empty folder."""
    yield new_shell(tmp_path, monkeypatch)
    forget_user_modules(tmp_path)


@pytest.fixture
def shell(empty: Shell) -> Shell:
    """A shell in a project."""
    for name, text in FILES.items():
        empty.write(name, text)
    return empty


@pytest.fixture
def gated(empty: Shell) -> Shell:
    """A shell in a project with gates, waits and repeats."""
    for name, text in gated_project.FILES.items():
        empty.write(name, text)
    return empty
