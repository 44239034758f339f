"""The environments that peers run in: one each, from pinned requirements with hashes."""

import hashlib
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from benchmarks.harness import Durable

BENCHMARKS = Path(__file__).resolve().parent
PINS = BENCHMARKS / "peers.toml"
LOCKS = BENCHMARKS / "requirements"
ENVIRONMENTS = BENCHMARKS / ".envs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """What `peers.toml` says of a peer."""

    requirements: list[str]
    durable: list[Durable]


def pinned() -> dict[str, Pinned]:
    """Read what each peer needs, by the name of its module."""
    with PINS.open("rb") as file:
        return {peer: Pinned(**table) for peer, table in tomllib.load(file).items()}


def uv(*words: str | Path, text: str | None = None) -> None:
    """Call uv, which has to be installed."""
    program = shutil.which("uv")
    if program is None:
        raise SystemExit("`uv` is not on PATH\n\nhint: install it with `pip install uv`")
    subprocess.run([program, *words], input=text, text=True, check=True, cwd=BENCHMARKS)


def lock(peers: Iterable[str]) -> None:
    """Compile the requirement files with hashes."""
    options = ("--generate-hashes", "--no-header", "--no-emit-index-url", "--quiet")
    for peer in peers:
        text = "\n".join(pinned()[peer].requirements)
        file = (LOCKS / f"{peer}.txt").relative_to(BENCHMARKS)
        uv("pip", "compile", *options, "--output-file", file, "-", text=text)


def digest(path: Path) -> str:
    """Name the content of a requirement file, and the Python that it is installed for."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()} {sys.version}"


def python(peer: str) -> Path:
    """Give the Python of a peer's environment, which is made first if it is missing or old."""
    folder, file = ENVIRONMENTS / peer, LOCKS / f"{peer}.txt"
    stamp, program = folder / "installed", folder / "bin" / "python"
    if stamp.exists() and stamp.read_text() == digest(file):
        return program
    print(f"installing {peer}", file=sys.stderr)
    uv("venv", "--quiet", "--clear", "--python", sys.executable, folder)
    options = ("--quiet", "--compile-bytecode", "--require-hashes", "--python")
    uv("pip", "sync", *options, program, file)
    stamp.write_text(digest(file))
    return program
