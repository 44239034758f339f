"""Finding the user's code: the registry of actions, and graphs in Python."""

import difflib
import importlib
import linecache
import re
import sys
import traceback
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import cast

from interlock.actions import Action, AnyAction, Registry
from interlock.cli.project.pyproject import Project, shown
from interlock.cli.terminal.console import listed, one_line
from interlock.errors import UsageError

TARGET = re.compile(r"(?P<module>[A-Za-z_][\w.]*):(?P<attribute>[A-Za-z_]\w*)")
CODE = "IL9004"
NAMES_SHOWN_MAX = 10


def load_registry(project: Project, option: str | None) -> Registry:
    """Load the actions: of `--app`, else of the project, else the built-in ones.

    Raises:
        UsageError: the app cannot be loaded; says why and where.
    """
    target = option or project.app
    if target is None:
        from interlock.library import library

        return library(project.folder)
    found = load_object(target, project=project, what="the app")
    if isinstance(found, Registry):
        return found
    items = cast(Sequence[object], found) if isinstance(found, list | tuple) else ()
    if items and all(isinstance(each, Action) for each in items):
        return Registry(cast(Sequence[AnyAction], items))
    from interlock.graph import GraphFunction

    if isinstance(found, GraphFunction):
        return found.registry
    raise UsageError(
        f"`{target}` is no Registry and no list of actions: it is {cast(object, found)!r:.80}",
        hint="make one: registry = Registry([my_action, ...])",
        code=CODE,
    )


def load_object(target: str, *, project: Project, what: str) -> object:
    """Import `module:attribute`, with the project's folder on the path.

    What the import prints goes to stderr.

    Raises:
        UsageError: it cannot be imported, or has no such attribute.
    """
    parts = TARGET.fullmatch(target)
    if parts is None:
        raise UsageError(
            f"`{target}` does not name {what}",
            hint="write MODULE:NAME, such as actions:registry",
            code=CODE,
        )
    _extend_path(project)
    module = _import(parts["module"], target=target, project=project)
    missing = object()
    found = getattr(module, parts["attribute"], missing)
    if found is missing:
        raise UsageError(
            f"module `{module.__name__}` has no `{parts['attribute']}` ({_home(module)})",
            hint=_names_in(module, parts["attribute"]),
            code=CODE,
        )
    return found


def _extend_path(project: Project) -> None:
    for folder in (str(project.folder), str(Path.cwd())):
        if folder not in sys.path:
            sys.path.insert(0, folder)


def _import(name: str, *, target: str, project: Project) -> ModuleType:
    try:
        with redirect_stdout(sys.stderr):
            return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{name}.".startswith(f"{error.name}."):
            raise _broken(target, error) from error
        raise UsageError(
            f"there is no module `{error.name}`",
            hint=f"modules are looked for in {shown(project.folder)} and among the installed ones",
            code=CODE,
        ) from error
    except (Exception, SystemExit) as error:
        raise _broken(target, error) from error


def _broken(target: str, error: BaseException) -> UsageError:
    """Say what an import raised and where: the innermost place in code that is not installed."""
    told = f"`{target}` cannot be imported: {type(error).__name__}: {one_line(str(error), 300)}"
    place = _place(error)
    if place is None:
        return UsageError(told, hint="import it in Python to see more", code=CODE)
    file, line = place
    path = shown(Path(file))
    excerpt = linecache.getline(file, line).strip()
    lines = [told, f"  --> {path}:{line}", *([f"{line} | {excerpt}"] if excerpt else [])]
    return UsageError("\n".join(lines), hint=f"mend {path}, line {line}", code=CODE)


def _place(error: BaseException) -> tuple[str, int] | None:
    if isinstance(error, SyntaxError) and error.filename and error.lineno:
        return error.filename, error.lineno
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.lineno and not frame.filename.startswith("<") and frame.filename != __file__
    ]
    own = [f for f in frames if not f.filename.startswith((sys.prefix, sys.base_prefix))]
    frame = (own or frames or [None])[-1]
    return None if frame is None or frame.lineno is None else (frame.filename, frame.lineno)


def _names_in(module: ModuleType, wanted: str) -> str:
    names = [name for name in vars(module) if not name.startswith("_")]
    near = difflib.get_close_matches(wanted, names, n=1)
    if near:
        return f"did you mean `{near[0]}`?"
    more = ", …" if len(names) > NAMES_SHOWN_MAX else ""
    return f"it has: {listed(names[:NAMES_SHOWN_MAX])}{more}" if names else "it is empty"


def _home(module: ModuleType) -> str:
    return shown(Path(module.__file__)) if module.__file__ else "it has no file"
