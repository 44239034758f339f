"""Roles in `pyproject.toml`: `[tool.interlock.roles]`, who may decide what gates ask."""

from collections.abc import Collection, Iterable, Mapping
from typing import cast

from interlock.cli.project.pyproject import Project, shown
from interlock.errors import UsageError
from interlock.journal import Principal, Who
from interlock.runtime import Roles, deciders, roles_of

KEYS = {"name", "authenticated_by"}


def project_roles(project: Project) -> Roles:
    """Read the roles of a project.

    A member is a name, or a table of `name` and `authenticated_by`.

    Raises:
        UsageError: a role is no list of names; says which, and where.
    """
    try:
        return roles_of({role: _members(given) for role, given in project.roles.items()})
    except UsageError as error:
        place = f"[tool.interlock.roles] in {shown(project.file or project.folder)}"
        raise UsageError(f"{place}: {error.message}", hint=error.hint) from error


def _members(given: object) -> Iterable[Who]:
    """Read the tables in a list; what is none is left for `roles_of` to judge."""
    if not isinstance(given, list):
        return cast(Iterable[Who], given)
    return [_member(one) for one in cast(list[object], given)]


def _member(given: object) -> Who:
    if not isinstance(given, dict):
        return cast(Who, given)
    table = cast(Mapping[str, object], given)
    if set(table) != KEYS or not all(isinstance(text, str) for text in table.values()):
        raise UsageError(
            f"a member is {given!r:.80}",
            hint='write a name, or {name = "ada", authenticated_by = "oidc"}',
        )
    return Principal(**cast(Mapping[str, str], table))


def who_may(to: Collection[str], roles: Roles) -> str:
    """Say who may decide what a gate asks, or that nobody checks it; nothing where it asks anybody.

    A person who reads `to` must not take it for a lock that is not there.
    """
    if not to:
        return ""
    allowed = deciders(to, roles)
    if allowed is None:
        return "roles are not checked here: anybody may decide, under any name"
    if not allowed:
        return "nobody may decide"
    told = ", ".join(sorted(map(str, allowed)))
    unsure = any(isinstance(one, str) for one in allowed)
    return f"only {told} may decide" + ("; names are not authenticated" if unsure else "")
