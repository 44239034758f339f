"""All parts at their nightly sizes, in chunks; what is finished is skipped at the next start.

`make nightly ARGS='--only kills --size 100'`. Each chunk is a process of its own. Its figures are
kept in `.nightly/<digest of the source>/`, which git ignores: after a change of the source all
begins anew. Ctrl-C stops it; the chunks that were under way are tried again.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from proofs.chunk import STOPPED
from proofs.figures import HEADING, Failure, Figures, total
from proofs.parts import PARTS, Part

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / ".nightly"
SOURCES = ("src", "tests")
CHUNK_S_MAX = 3_600


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """The trials of some seeds of a part."""

    part: Part
    seeds: range
    folder: Path

    @property
    def file(self) -> Path:
        return self.folder / self.part.name / f"{self.seeds.start:06}-{len(self.seeds)}.json"

    def command(self, failure: Failure) -> str:
        """Say what shows a failure again."""
        alone = failure.seed is not None
        first, size = (failure.seed, 1) if alone else (self.seeds.start, len(self.seeds))
        return f"make nightly ARGS='--only {self.part.name} --from {first} --size {size}'"

    def kept(self) -> Figures | None:
        """What an earlier start has found."""
        if not self.file.exists():
            return None
        return Figures.from_json(json.loads(self.file.read_text(encoding="utf-8")))

    def proved(self) -> Figures:
        """Make the trials in a process, and keep the figures.

        Raises:
            KeyboardInterrupt: somebody has stopped it.
        """
        seeds = (str(self.seeds.start), str(len(self.seeds)))
        done = subprocess.run(
            [sys.executable, "-m", "proofs.chunk", self.part.name, *seeds],
            env=environment(),
            capture_output=True,
            text=True,
            timeout=CHUNK_S_MAX,
            check=False,
        )
        if done.returncode == STOPPED:
            raise KeyboardInterrupt
        if done.returncode:
            found = Figures()
            found.fail("lost", f"it broke off with {done.returncode}: {done.stderr}")
            return found  # It is not kept: the next start tries it again.
        found = Figures.from_json(json.loads(done.stdout))
        self._keep(found)
        return found

    def _keep(self, found: Figures) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        made = self.file.with_suffix(".part")
        made.write_text(json.dumps(found.to_json()), encoding="utf-8")
        made.replace(self.file)


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": os.pathsep.join(str(ROOT / name) for name in SOURCES)}


def chunks_of(part: Part, folder: Path, *, first: int, size: int) -> Iterator[Chunk]:
    """Cut the seeds of a part into chunks."""
    end = first + size
    for start in range(first, end, part.chunk):
        seeds = range(start, min(start + part.chunk, end))
        yield Chunk(part=part, seeds=seeds, folder=folder)


def source_digest() -> str:
    """Name the source that the figures are about."""
    found = sha256()
    for folder in SOURCES:
        for path in sorted((ROOT / folder).rglob("*.py")):
            found.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:12]


def prove(chunks: Sequence[Chunk], *, workers: int) -> Figures:
    """Make the trials that are missing; say how it goes."""
    kept = {chunk.seeds.start: found for chunk in chunks if (found := chunk.kept()) is not None}
    missing = [chunk for chunk in chunks if chunk.seeds.start not in kept]
    name = chunks[0].part.name
    say(f"{name}: {chunks[0].part.tries}; {len(kept)} of {len(chunks)} chunks are done")
    for chunk in chunks:
        tell_failures(chunk, kept.get(chunk.seeds.start, Figures()))
    figures = total(kept.values())
    threads = ThreadPoolExecutor(workers)
    try:
        for chunk, found in zip(missing, threads.map(Chunk.proved, missing), strict=True):
            figures.add(found)
            say(f"{name:<12} {figures.told()}")
            tell_failures(chunk, found)
    finally:
        threads.shutdown(cancel_futures=True)
    return figures


def tell_failures(chunk: Chunk, found: Figures) -> None:
    for failure in found.failures:
        say(f"  {failure.wrong}: {failure.told}\n    {chunk.command(failure)}")


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make nightly")
    parser.add_argument("--only", action="append", choices=PARTS, help="a part; all without it")
    parser.add_argument("--size", type=int, help="trials of each part, not its nightly size")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    return parser.parse_args()


def main() -> int:
    """Prove all parts; 1 when something was wrong, 130 when it was stopped."""
    chosen = options()
    folder = KEPT / source_digest()
    say(f"{'':<12} {HEADING}")
    results: dict[str, Figures] = {}
    try:
        for name in chosen.only or PARTS:
            size = chosen.size or PARTS[name].nightly
            chunks = list(chunks_of(PARTS[name], folder, first=chosen.first, size=size))
            results[name] = prove(chunks, workers=chosen.workers)
    except KeyboardInterrupt:
        say("Stopped. The same command goes on where it was.")
        return STOPPED
    tell(results, folder)
    return int(not all(figures.is_clean for figures in results.values()))


def tell(results: dict[str, Figures], folder: Path) -> None:
    say(f"\nsource {folder.name}\n{'':<12} {HEADING}")
    for name, figures in results.items():
        say(f"{name:<12} {figures.told()}\n{'':<12} {figures.told_seen()}")


if __name__ == "__main__":
    sys.exit(main())
