"""`interlock doctor`: look for problems of this installation, this project and its store."""

import importlib.metadata
import platform
import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import click

from interlock.audit import CLASSES
from interlock.cli.project.apps import load_registry
from interlock.cli.project.auditing import own_key_file
from interlock.cli.project.endorsing import project_endorsers
from interlock.cli.project.limits import project_limits
from interlock.cli.project.notifying import read_notifying
from interlock.cli.project.pyproject import find_project, shown, store_url
from interlock.cli.project.retention import project_retention
from interlock.cli.project.roles import project_roles
from interlock.cli.project.stores import Place, is_there, name_of, path_of
from interlock.cli.terminal.console import aligned, counted, err, one_line, out, out_json, plain
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import app_option, example, json_option, store_option
from interlock.errors import InterlockError
from interlock.notary import last_signed, read_keys
from interlock.store import StoreHealth, examine_store
from interlock.values import Json

Level: TypeAlias = Literal["ok", "warn", "fail"]
PYTHON_MIN = (3, 11)
FREE_BYTES_WARN = 1 << 30
FREE_BYTES_FAIL = 64 << 20
LARGE_BYTES = 1 << 30
"""From this size on, a person is told that reading takes a while."""
EXTRA = re.compile(r"extra\s*==\s*['\"](?P<extra>[^'\"]+)['\"]")
NAME = re.compile(r"[\w.-]+")
COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}
TOLD_CHARS_MAX = 400
FOR_DEVELOPERS = ("dev",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at."""

    level: Level
    name: str
    told: str
    fix: str = ""


@click.command(epilog=example("interlock doctor"))
@app_option
@store_option
@json_option
def doctor(*, app: str | None, store: str | None, as_json: bool) -> int:
    """Look for problems of this installation, this project and its store; change nothing.

    All of the store is read: its pages, and each event, row and value against the digest or the
    checksum that it was written with. That no event was changed by somebody who knows how, `audit
    verify` says.

    Exits with 1 when something has failed.
    """
    place = Place(app=app, store=store)
    checks = [*_python(), *_extras(), *_app(place), *_audit(place), *_retention(place)]
    checks += _store(place)
    if as_json:
        out_json([_json(check) for check in checks])
    else:
        _show(checks)
    failed = any(check.level == "fail" for check in checks)
    return Exit.FAILED if failed else Exit.OK


def _show(checks: list[Check]) -> None:
    rows = [(check.level.ljust(4), check.name, check.told) for check in checks]
    width = max(len(check.name) for check in checks)
    for check, line in zip(checks, aligned(rows, indent=0, chars=TOLD_CHARS_MAX), strict=True):
        out(click.style(line[:4], fg=COLOURS[check.level]) + line[4:])
        if check.fix:
            out(f"{' ' * (width + 8)}{check.fix}")


def _json(check: Check) -> dict[str, Json]:
    return {"level": check.level, "name": check.name, "message": check.told, "fix": check.fix}


def _python() -> Iterator[Check]:
    version = platform.python_version()
    if sys.version_info < PYTHON_MIN:
        fix = f"install Python {'.'.join(map(str, PYTHON_MIN))} or later"
        yield Check(level="fail", name="python", told=version, fix=fix)
    else:
        yield Check(level="ok", name="python", told=f"{version} ({sys.executable})")
    yield Check(level="ok", name="interlock", told=importlib.metadata.version("interlock"))
    for name in _missing(_requirements(None)):
        fix = "install Interlock again: pip install interlock"
        yield Check(level="fail", name="dependency", told=f"{name} is not installed", fix=fix)


def _extras() -> Iterator[Check]:
    declared = importlib.metadata.metadata("interlock").get_all("Provides-Extra") or []
    for extra in declared:
        if extra in FOR_DEVELOPERS:
            continue
        missing = _missing(_requirements(extra))
        if missing:
            fix = f"if you need it: pip install 'interlock[{extra}]'"
            told = f"not installed: {', '.join(missing)}"
            yield Check(level="ok", name=f"extra {extra}", told=told, fix=fix)
        else:
            yield Check(level="ok", name=f"extra {extra}", told="installed")


def _requirements(wanted: str | None) -> list[str]:
    """List the distributions that Interlock needs, or that an extra adds."""
    found: list[str] = []
    for line in importlib.metadata.requires("interlock") or []:
        extra = EXTRA.search(line)
        name = NAME.match(line)
        if name is not None and (extra["extra"] if extra else None) == wanted:
            found.append(name[0])
    return found


def _missing(names: list[str]) -> list[str]:
    missing: list[str] = []
    for name in names:
        try:
            importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            missing.append(name)
    return missing


def _guarded(name: str, place: Place, look: Callable[[], Iterator[Check]]) -> Iterator[Check]:
    """Turn what goes wrong while looking into a finding."""
    try:
        yield from look()
    except InterlockError as error:
        told = one_line(f"{error.code} {error.message}", TOLD_CHARS_MAX)
        yield Check(level="fail", name=name, told=told, fix=place.completed(error.hint))


def _app(place: Place) -> Iterator[Check]:
    def look() -> Iterator[Check]:
        project = find_project()
        found = shown(project.file) if project.file is not None else "none: built-in actions only"
        yield Check(level="ok", name="project", told=found)
        registry = load_registry(project, place.app)
        # The manifests are made here, since a bad annotation shows only then.
        actions = registry.manifests
        told = f"{place.app or project.app or 'built in'}: {counted(len(actions), 'action')}"
        yield Check(level="ok", name="app", told=told)
        limits = project_limits(project, registry)
        if limits:
            yield Check(level="ok", name="limits", told=counted(len(limits), "limit"))
        roles = project_roles(project)
        if roles:
            yield Check(level="ok", name="roles", told=counted(len(roles), "role"))
        if read_notifying(project) is not None:
            yield Check(level="ok", name="notify", told="open gates are told of")
        for name, manifest in actions.items():
            if manifest.fingerprint is None and manifest.version == "1":
                fix = f'give it a version: @action("{name}", version="1.0")'
                told = f"`{name}` has no source, so changes of it cannot be seen"
                yield Check(level="warn", name="app", told=told, fix=fix)

    yield from _guarded("app", place, look)


def _audit(place: Place) -> Iterator[Check]:
    def look() -> Iterator[Check]:
        project = find_project()
        path = own_key_file(project, store_url(project, place.store))
        if path is not None:
            yield Check(level="ok", name="audit", told=_signed(path))
        found = project_endorsers(project)
        asked = [_witnesses(len(found.witnesses))] if found.witnesses else []
        asked += ["a server for time stamps"] if found.stamps is not None else []
        if asked:
            told = f"checkpoints are shown to {' and '.join(asked)}"
            yield Check(level="ok", name="audit", told=told)

    yield from _guarded("audit", place, look)


def _retention(place: Place) -> Iterator[Check]:
    def look() -> Iterator[Check]:
        found = project_retention(find_project())
        rules = [found.rule(what) for what in CLASSES if found.period_ms(what) is not None]
        if rules:
            yield Check(level="ok", name="retention", told="; ".join(rules))

    yield from _guarded("retention", place, look)


def _signed(path: Path) -> str:
    """Say how far the log is signed; the key file is checked on the way."""
    ring = read_keys(path)
    last = last_signed(path, ring)
    if last is None:
        return f"the log `{plain(ring.name)}` has a key, and was not signed yet"
    events = counted(last.checkpoint.tree.size, "event")
    return f"the log `{plain(ring.name)}` is signed up to {events}"


def _witnesses(count: int) -> str:
    return "1 witness" if count == 1 else f"{count} witnesses"


def _store(place: Place) -> Iterator[Check]:
    def look() -> Iterator[Check]:
        url = store_url(find_project(), place.store)
        path = path_of(url)
        if path is not None and not is_there(path):
            told = f"{name_of(url)} is not there yet: `{place.command('run')}` makes it"
            yield Check(level="ok", name="store", told=told)
            return
        if path is not None and (size := _bytes_of(path)) >= LARGE_BYTES:
            err(f"All of {name_of(url)} is read: {size / 1e9:.1f} GB, which takes a while")
        # Opening it checks its permissions, header and format.
        health = examine_store(url)
        if health is None:
            told = f"{url} keeps nothing beyond one process"
            yield Check(level="warn", name="store", told=told, fix="name a file to keep runs")
            return
        yield from _health(name_of(url), health, place)

    yield from _guarded("store", place, look)


def _bytes_of(path: Path) -> int:
    """Say how large a file is; where that cannot be told, opening it will say why."""
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _health(name: str, health: StoreHealth, place: Place) -> Iterator[Check]:
    size = f"{counted(health.runs, 'run')}, {counted(health.events, 'event')}"
    held = f"{health.bytes / 1e6:.1f} MB" if health.bytes >= 1e6 else f"{health.bytes / 1e3:.0f} kB"
    told = f"{name}: {size}, {held}, format {health.version}"
    yield Check(level="ok", name="store", told=told)
    if health.unwritable:
        fix = "make it writable to run graphs; `runs`, `show` and `replay` work as it is"
        yield Check(level="fail", name="store", told=health.unwritable, fix=fix)
    if health.problems:
        fix = "keep the file and its -wal for analysis, and restore the store from a backup"
        told = f"{counted(len(health.problems), 'problem')}: {one_line(health.problems[0], 200)}"
        yield Check(level="fail", name="integrity", told=told, fix=fix)
    else:
        values = counted(health.values, "stored value")
        told = f"every page is sound; each event and {values} are as they were written"
        yield Check(level="ok", name="integrity", told=told)
    if health.unscrubbed:
        traces = f"traces of {counted(health.unscrubbed, 'erasure')} may be read off the file"
        fix = f"overwrite them: {place.command('audit', 'erase', '--finish')}"
        yield Check(level="fail", name="erased", told=traces, fix=fix)
    driven = counted(len(health.driven), "run")
    yield Check(level="ok", name="locks", told=f"{driven} driven by living processes")
    free = f"{health.bytes_free / 1e9:.1f} GB free"
    if health.bytes_free < FREE_BYTES_WARN:
        level: Level = "fail" if health.bytes_free < FREE_BYTES_FAIL else "warn"
        yield Check(level=level, name="disk", told=free, fix="make room: a full disk stops runs")
    else:
        yield Check(level="ok", name="disk", told=free)
