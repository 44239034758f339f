"""Limits of calls in `pyproject.toml`: `[tool.interlock.limits]`, by pattern of actions."""

import difflib
from typing import cast

from interlock.actions import Registry
from interlock.cli.project.pyproject import Project, shown
from interlock.cli.terminal.console import listed
from interlock.errors import UsageError
from interlock.runtime import CallLimit, check_limits

KINDS: dict[str, tuple[type[object], ...]] = {
    "concurrency_max": (int,),
    "rate_per_s": (int, float),
    "burst_max": (int,),
    "by": (str,),
}
WORDS = {int: "an integer", float: "a number", str: "a text in quotes"}


def project_limits(project: Project, registry: Registry) -> tuple[CallLimit, ...]:
    """Read the limits of a project, for these actions.

    Raises:
        UsageError: a limit is wrong, or fits none of the actions; says which, and where.
    """
    limits: list[CallLimit] = []
    for actions, given in project.limits.items():
        place = f'"{actions}" of [tool.interlock.limits] in {shown(project.file or project.folder)}'
        several = cast(list[object], given) if isinstance(given, list) else [given]
        for one in several:
            fields = _fields(one, place)
            try:
                limit = CallLimit(actions=actions, **fields)  # pyright: ignore[reportArgumentType]
                check_limits([limit], registry)
            except UsageError as error:
                raise UsageError(f"{place}: {error.message}", hint=error.hint) from error
            limits.append(limit)
    return tuple(limits)


def _fields(given: object, place: str) -> dict[str, object]:
    if not isinstance(given, dict):
        raise UsageError(
            f"{place} is {given!r:.80}, no table", hint="write {concurrency_max = 8}, for example"
        )
    fields = cast(dict[str, object], given)
    for name, value in fields.items():
        if name not in KINDS:
            near = difflib.get_close_matches(name, KINDS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are: {listed(tuple(KINDS))}"
            raise UsageError(f"{place} has no setting `{name}`", hint=hint)
        if isinstance(value, bool) or not isinstance(value, KINDS[name]):
            hint = f"write {WORDS[KINDS[name][-1]]}"  # pyright: ignore[reportArgumentType]
            raise UsageError(f"{place}: `{name}` is {value!r:.80}", hint=hint)
    return fields
