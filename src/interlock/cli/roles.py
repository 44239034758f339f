"""Roles in `pyproject.toml`: `[tool.interlock.roles]`, who may decide what gates ask."""

from collections.abc import Collection, Iterable, Mapping
from typing import cast

from interlock.cli.project import Project, shown
from interlock.errors import UsageError
from interlock.runtime import Roles, deciders, roles_of


def project_roles(project: Project) -> Roles:
    """Read the roles of a project.

    Raises:
        UsageError: a role is no list of names; says which, and where.
    """
    try:
        return roles_of(cast(Mapping[str, Iterable[str]], project.roles))
    except UsageError as error:
        place = f"[tool.interlock.roles] in {shown(project.file or project.folder)}"
        raise UsageError(f"{place}: {error.message}", hint=error.hint) from error


def who_may(to: Collection[str], roles: Roles) -> str:
    """Say who may decide what a gate asks, or that nobody checks it; nothing where it asks anybody.

    A person who reads `to` must not take it for a lock that is not there.
    """
    if not to:
        return ""
    allowed = deciders(to, roles)
    if allowed is None:
        return "roles are not checked here: anybody may decide, under any name"
    told = ", ".join(sorted(allowed))
    return f"only {told} may decide; names are not authenticated" if told else "nobody may decide"
