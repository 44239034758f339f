"""What the packages offer: listed, importable, documented; and `import interlock` stays light."""

import importlib
import inspect
import json
import subprocess
import sys
from types import ModuleType

import pytest

import interlock
from tidy.repository import python_sources, refuse
from tidy.rules import Problem

NAMES_MAX = 70
SUMMARY_CHARS_MAX = 80
HEAVY = {
    "apsw",
    "asyncio",
    "cel_expr_python",
    "click",
    "cryptography",
    "google.protobuf",
    "httpx2",
    "jsonschema_rs",
    "pydantic",
    "rich",
    "yaml",
}
PACKAGES = sorted(
    {"interlock"} | {f"interlock.{source.package}" for source in python_sources() if source.package}
)


def existing(name: str) -> bool:
    """A folder without `__init__.py` is no package yet."""
    path = f"src/{name.replace('.', '/')}/__init__.py"
    return any(source.path == path for source in python_sources())


@pytest.mark.parametrize("name", [name for name in PACKAGES if existing(name)])
def test_a_front_door_opens(name: str):
    package = importlib.import_module(name)
    refuse(
        [problem for exported in names_of(package) for problem in door_problems(package, exported)]
    )


def names_of(package: ModuleType) -> list[str]:
    return list(getattr(package, "__all__", ()))


def door_problems(package: ModuleType, name: str) -> list[Problem]:
    """A name is there, and a class or function has a docstring that starts with a short line."""
    place = f"{package.__name__}.{name}"
    missing = object()
    found = getattr(package, name, missing)
    if found is missing:
        return [
            Problem(rule="front-door", place=place, cure="is in `__all__` and cannot be imported")
        ]
    ours = getattr(found, "__module__", "").startswith("interlock")
    if not ours or not (inspect.isclass(found) or inspect.isfunction(found)):
        return []
    text = (found.__doc__ or "").strip()
    if not text or text.startswith(f"{name}("):
        return [Problem(rule="docstring", place=place, cure="say what its signature does not")]
    if len(text.splitlines()[0]) > SUMMARY_CHARS_MAX:
        cure = f"its docstring's first line has over {SUMMARY_CHARS_MAX} characters: shorten it"
        return [Problem(rule="docstring", place=place, cure=cure)]
    return []


def test_the_front_door_is_small():
    assert len(names_of(interlock)) <= NAMES_MAX


def test_importing_interlock_loads_nothing_heavy():
    program = (
        f"import interlock, json, sys; print(json.dumps(sorted({HEAVY!r} & sys.modules.keys())))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    ).stdout
    assert json.loads(loaded) == [], "import it where it is used, or load the name lazily"


# --- the checks themselves can fail


def test_a_bad_door_is_found():
    package = ModuleType("interlock.sample")

    def undocumented() -> None: ...

    undocumented.__module__ = package.__name__
    package.__dict__["undocumented"] = undocumented
    assert [p.rule for p in door_problems(package, "undocumented")] == ["docstring"]
    assert [p.rule for p in door_problems(package, "absent")] == ["front-door"]
