"""The project around the current folder: the nearest `pyproject.toml` with `[tool.interlock]`."""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from interlock.cli.terminal.console import listed
from interlock.errors import UsageError

FILE = "pyproject.toml"
SETTINGS = ("app", "store", "limits", "roles", "notify", "audit", "retention")
TABLES = {
    "limits": '[tool.interlock.limits], then "llm.*" = {concurrency_max = 8}',
    "roles": '[tool.interlock.roles], then "release-managers" = ["ada", "bob"]',
    "audit": '[tool.interlock.audit], then publish = "public/log"',
    "retention": '[tool.interlock.retention], then events = "2y"',
    "notify": '[tool.interlock.notify], then command = ["./notify.sh"]',
}
STORE_VARIABLE = "INTERLOCK_STORE"
HOME = ".interlock"
JOURNAL = "journal.db"


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """Settings, and the folder that they are relative to. Without a project, `file` is None.

    What `limits`, `roles`, `notify`, `audit` and `retention` say is read by those who need it.
    """

    folder: Path
    file: Path | None = None
    app: str | None = None
    store: str | None = None
    limits: Mapping[str, object] = field(default_factory=dict[str, object])
    roles: Mapping[str, object] = field(default_factory=dict[str, object])
    notify: Mapping[str, object] = field(default_factory=dict[str, object])
    audit: Mapping[str, object] = field(default_factory=dict[str, object])
    retention: Mapping[str, object] = field(default_factory=dict[str, object])


def find_project(start: Path | None = None) -> Project:
    """Find the project that a folder belongs to.

    Raises:
        UsageError: a `pyproject.toml` on the way is not TOML, or has settings that do not exist.
    """
    start = (start or Path.cwd()).resolve()
    for folder in (start, *start.parents):
        file = folder / FILE
        if file.is_file() and (settings := _settings(file)) is not None:
            return Project(folder=folder, file=file, **_checked(settings, file))
    return Project(folder=start)


def is_project(file: Path) -> bool:
    """Whether a `pyproject.toml` has settings of ours.

    Raises:
        UsageError: it is not TOML.
    """
    return _settings(file) is not None


def _settings(file: Path) -> object:
    try:
        tool: object = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(file)} is not TOML: {error}", hint="mend it first") from error
    return cast(dict[str, object], tool).get("interlock") if isinstance(tool, dict) else None


def _checked(settings: object, file: Path) -> dict[str, Any]:
    if not isinstance(settings, dict):
        raise UsageError(f"`tool.interlock` in {shown(file)} is no table", hint="[tool.interlock]")
    for name, value in cast(dict[str, object], settings).items():
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, n=1)
            hint = f"did you mean `{near[0]}`?" if near else f"there are: {listed(SETTINGS)}"
            raise UsageError(
                f"[tool.interlock] in {shown(file)} has no setting `{name}`", hint=hint
            )
        if name in TABLES:
            _check_table(name, value, file)
        elif not isinstance(value, str) or not value:
            raise UsageError(
                f"`{name}` of [tool.interlock] in {shown(file)} is {value!r}, not a text",
                hint=f'write it in quotes: {name} = "..."',
            )
    return cast(dict[str, Any], settings)


def _check_table(name: str, value: object, file: Path) -> None:
    if not isinstance(value, dict):
        raise UsageError(
            f"`{name}` of [tool.interlock] in {shown(file)} is no table", hint=TABLES[name]
        )


def store_url(project: Project, option: str | None) -> str:
    """Return the address of the store: option, environment, setting, default, in this order."""
    told = os.environ.get(STORE_VARIABLE) or None if option is None else option
    if told is not None:
        return told
    if project.store is None:
        return str(project.folder / HOME / JOURNAL)
    scheme, colon, rest = project.store.partition(":")
    if colon and scheme != "sqlite":
        return project.store
    return str(project.folder / (rest if colon else project.store))


def shown(path: Path) -> str:
    """Name a path as a person here would: relative to the current folder when it is below."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)
