"""The project's own files agree with each other: contracts, pins, change fragments."""

import re
import tomllib
from typing import Any

from tidy.repository import ROOT, python_sources, text_sources

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {c["name"]: c for c in PROJECT["tool"]["importlinter"]["contracts"]}
CORE = (
    *("errors", "values", "actions", "journal", "graph", "policy", "cache", "audit"),
    *("plan", "engine", "replay"),
)
BACKENDS = ("interlock.store.sqlite", "interlock.store.postgres")


def packages() -> set[str]:
    """The packages that exist, by their `__init__.py`."""
    doors = {source.path for source in python_sources()}
    return {
        s.package for s in python_sources() if f"src/interlock/{s.package}/__init__.py" in doors
    } - {""}


def layers() -> dict[str, bool]:
    """Each layer, and whether it stands in parentheses as not there yet."""
    text = " | ".join(CONTRACTS["Layers point downwards"]["layers"])
    return {name.strip("() "): name.strip().startswith("(") for name in text.split("|")}


def test_every_package_is_a_layer_without_parentheses():
    optional = {name for name in packages() if layers().get(name, True)}
    assert not optional, "add it to the layers in pyproject.toml, or take it out of its parentheses"


def test_every_core_package_is_kept_from_io():
    modules = CONTRACTS["The core does no I/O"]["source_modules"]
    held = {name.removeprefix("interlock.") for name in modules}
    free = (packages() & set(CORE)) - held
    assert not free, "add it to the source_modules of `The core does no I/O` in pyproject.toml"


def test_every_backend_is_protected():
    modules = {
        s.path.removeprefix("src/").removesuffix(".py").removesuffix("/__init__")
        for s in python_sources()
    }
    there = {name for name in BACKENDS if name.replace(".", "/") in modules}
    held = set(CONTRACTS["Backends are reached through open_store"]["protected_modules"])
    assert there <= held, "add it to protected_modules in pyproject.toml"


def pins(name: str) -> dict[str, str]:
    """The pinned requirements of a file, each with its options."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [
        line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")
    ]
    return {" ".join(line.split("--hash")[0].split()): line for line in lines}


def test_pins_are_exact_and_hashed():
    loose = [
        pin
        for name in ("build", "runtime", "dev")
        for pin, line in pins(name).items()
        if not re.match(r"[\w.-]+==\S+", pin) or "--hash=sha256:" not in line
    ]
    assert not loose, "write requirements/*.txt with `make pins`"


def test_development_runs_on_the_pins_of_users():
    assert not {*pins("runtime"), *pins("build")} - set(pins("dev")), (
        "write all three with `make pins`"
    )


def test_every_dependency_has_a_reason():
    page = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    first_cells = " ".join(re.findall(r"^\| ([\w, -]+) \|", page, flags=re.MULTILINE))
    extras = PROJECT["project"]["optional-dependencies"]
    wanted = [*PROJECT["project"]["dependencies"], *extras["timestamps"]]
    names = {re.split(r"[^\w-]", text)[0] for text in wanted}
    assert names <= set(re.split(r"[, ]+", first_cells))


def test_every_dependency_is_pinned():
    pinned = {pin.split("==")[0] for pin in pins("runtime")}
    wanted = {re.match(r"[\w.-]+", text)[0] for text in PROJECT["project"]["dependencies"]}  # pyright: ignore[reportOptionalSubscript] - a requirement starts with its name
    assert not wanted - pinned, "write requirements/*.txt with `make pins`"


def test_change_fragments_are_named_by_kind():
    kinds = "|".join(kind["directory"] for kind in PROJECT["tool"]["towncrier"]["type"])
    names = [
        source.path.removeprefix("changes/")
        for source in text_sources()
        if source.path.startswith("changes/")
    ]
    odd = [
        n
        for n in names
        if n != "README.md" and not re.fullmatch(rf"(\d+|\+[\w-]+)\.({kinds})(\.\d+)?\.md", n)
    ]
    assert not odd, "name it <issue>.<kind>.md or +<words>.<kind>.md, see changes/README.md"


def test_a_change_fragment_is_one_change():
    fragments = [
        s
        for s in text_sources()
        if s.path.startswith("changes/") and not s.path.endswith("README.md")
    ]
    double = [s.path for s in fragments if re.search(r"\balso\b", s.text, re.IGNORECASE)]
    assert not double, "this is two changes: write two files"
