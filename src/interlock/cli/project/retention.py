"""Retention in `pyproject.toml`: `[tool.interlock.retention]`, how long what is kept."""

from interlock.audit import CLOCK_SLACK_MS, Expected, Retention, retention_of
from interlock.cli.project.pyproject import Project, shown
from interlock.errors import UsageError
from interlock.runtime import SystemClock


def project_retention(project: Project) -> Retention:
    """Read for how long a project keeps what.

    Raises:
        UsageError: the settings are wrong, or allow less than the profile; says where.
    """
    try:
        return retention_of(project.retention)
    except UsageError as error:
        place = f"[tool.interlock.retention] in {shown(project.file or project.folder)}"
        raise UsageError(f"{place}: {error.message}", hint=error.hint, code=error.code) from error


def expected_of(project: Project) -> Expected:
    """Say what the project asks of what was pruned: the floor of its profile, and no future.

    Clocks of two machines may differ by a little.
    """
    profile = project_retention(project).profile
    return Expected(
        floor_ms=0 if profile is None else profile.floor_ms,
        now_ms=SystemClock().now_ms() + CLOCK_SLACK_MS,
    )
