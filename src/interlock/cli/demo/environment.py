"""A fresh Python environment, and what is installed into it from the index."""

import importlib.util
import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from interlock.cli.demo.programs import ProgramFailed, output, run

PIP = ("--isolated", "--no-input", "--disable-pip-version-check", "--no-cache-dir")
UV = ("--offline", "--no-cache", "--no-config", "--quiet")
LOOK = """\
import importlib, importlib.metadata, json, pathlib, sys
name = sys.argv[1]
module = importlib.import_module(name)
inside = pathlib.Path(module.__file__).resolve().is_relative_to(pathlib.Path(sys.prefix).resolve())
print(json.dumps([importlib.metadata.version(name), module.__version__, inside]))
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a fresh interpreter found."""

    version: str
    own_version: str
    inside: bool


def install_and_import(
    name: str, version: str, *, sha256: str, files: Path, place: Path
) -> Imported:
    """Make an environment, install one release into it by its checksum, and import it there.

    Raises:
        ProgramFailed: a step failed; has what the program said.
    """
    env = place / "env"
    wanted = place / "requirements.txt"
    wanted.write_text(f"{name}=={version} --hash=sha256:{sha256}\n", encoding="utf-8")
    output([sys.executable, "-m", "venv", "--without-pip", str(env)], folder=place)
    python = env / "bin" / "python"
    rules = ("--no-index", "--no-deps", "--require-hashes", "--find-links", str(files))
    output([*installer(python, place), *rules, "-r", str(wanted)], folder=place)
    told = output([str(python), "-I", "-c", LOOK, name], folder=place)
    found, own, inside = json.loads(told)
    return Imported(version=found, own_version=own, inside=inside)


def installer(python: Path, place: Path) -> list[str]:
    """Find what installs into the environment of an interpreter: our pip, uv, or a pip of its own.

    Raises:
        ProgramFailed: there is none, and Python cannot bring its own.
    """
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip", "--python", str(python), "install", *PIP]
    uv = shutil.which("uv")
    # A shim may be there without the program.
    if uv is not None and run([uv, "--version"], folder=place).returncode == 0:
        return [uv, "pip", "install", "--python", str(python), *UV]
    try:
        output([str(python), "-m", "ensurepip"], folder=place)
    except ProgramFailed as error:
        raise ProgramFailed(
            f"nothing here can install a wheel: no pip, no uv, and Python brings none ({error})"
        ) from error
    return [str(python), "-m", "pip", "install", *PIP]
