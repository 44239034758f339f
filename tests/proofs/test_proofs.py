"""The proofs against a hostile world, in their small sizes; `make nightly` has the large ones."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from proofs.figures import Figures, total
from proofs.nightly import Chunk, chunks_of, environment
from proofs.parts import PARTS, Part


@pytest.mark.parametrize("name", PARTS)
def test_nothing_is_lost_done_twice_mislabelled_or_undetected(name: str, tmp_path: Path):
    part = PARTS[name]
    figures = Chunk(part=part, seeds=range(part.ci), folder=tmp_path).proved()
    assert figures.is_clean, figures.failures
    assert figures.trials >= part.ci
    assert figures.seen, "nothing happened, so nothing was shown"


# --- the harness itself

MISTAKES = {
    "kills": ("interlock.engine.kinds.attempts", "within_window", "lambda *_, **__: True"),
    "seeds": ("interlock.engine.kinds.attempts", "within_window", "lambda *_, **__: True"),
}
"""A write in doubt is sent once more, which must not be."""


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_found(name: str):
    module, function, mistake = MISTAKES[name]
    lines = (
        f"import {module} as wrong",
        f"wrong.{function} = {mistake}",
        "from proofs.chunk import main",
        "main()",
    )
    size = PARTS[name].ci // 2
    words = [sys.executable, "-c", "\n".join(lines), name, "0", str(size)]
    done = subprocess.run(words, env=environment(), capture_output=True, text=True, check=True)
    assert Figures.from_json(json.loads(done.stdout)).duplicated > 0


def never(seeds: range, folder: Path) -> Figures:
    raise AssertionError("it is looked up by its name, in another process")


UNKNOWN = Part(name="unknown", tries="nothing", prove=never, nightly=25, ci=1, chunk=10)


def test_chunks_are_all_seeds_and_no_seed_twice(tmp_path: Path):
    chunks = list(chunks_of(UNKNOWN, tmp_path, first=5, size=25))
    assert [len(chunk.seeds) for chunk in chunks] == [10, 10, 5]
    assert [seed for chunk in chunks for seed in chunk.seeds] == list(range(5, 30))


def test_what_is_done_is_kept(tmp_path: Path):
    chunk = Chunk(part=PARTS["seeds"], seeds=range(1), folder=tmp_path)
    assert chunk.kept() is None
    found = chunk.proved()
    assert found.trials == 1
    assert chunk.kept() == found


def test_a_chunk_that_breaks_off_is_a_failure_and_is_not_kept(tmp_path: Path):
    chunk = Chunk(part=UNKNOWN, seeds=range(1), folder=tmp_path)
    assert not chunk.proved().is_clean
    assert chunk.kept() is None


def test_a_failure_names_the_command_that_shows_it_again(tmp_path: Path):
    figures = Figures(trials=20)
    figures.fail("lost", "a run", seed=17)
    figures.fail("undetected", "a bit")
    chunk = Chunk(part=UNKNOWN, seeds=range(10, 30), folder=tmp_path)
    assert [chunk.command(failure) for failure in figures.failures] == [
        "make nightly ARGS='--only unknown --from 17 --size 1'",
        "make nightly ARGS='--only unknown --from 10 --size 20'",
    ]


def test_figures_that_count_anything_are_not_clean():
    figures = Figures(trials=1)
    assert figures.is_clean
    figures.fail("undetected", "a bit")
    found = total([Figures(trials=2), figures])
    assert (found.trials, found.undetected, found.is_clean) == (3, 1, False)
    assert Figures.from_json(found.to_json()) == found
