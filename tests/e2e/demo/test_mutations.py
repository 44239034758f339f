"""Two hundred ways to get the second answer wrong.

Each takes the way of any answer, up to the plan: it is refused with diagnostics, or it compiles to
a plan with another digest. Nothing runs when it is refused.
"""

import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from e2e.demo.mutations import Tree, mutated_text, mutated_tree
from e2e.demo.process import show_demo
from interlock.cli.demo.actions import release_registry
from interlock.cli.demo.model import SHIPPED, Answer
from interlock.cli.demo.planning import consider
from interlock.cli.demo.workspace import new_workspace
from interlock.errors import CODES, Diagnostic, DocumentInvalid
from interlock.graph import read_text

SECOND = (SHIPPED / "second.yaml").read_text(encoding="utf-8")
COUNT = 200
THROUGH_THE_PROGRAM = 6


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of one mutation: a digest, or diagnostics."""

    seed: int
    operator: str
    text: str
    digest: str | None = None
    diagnostics: tuple[Diagnostic, ...] = ()
    shown: str = ""

    @property
    def told(self) -> str:
        return f"seed {self.seed} ({self.operator})"


def tree_of(text: str) -> Tree:
    tree, _ = read_text(text)
    assert isinstance(tree, dict)
    return tree


def mutation(seed: int) -> tuple[str, str]:
    """Four of five change the document, the rest its text: as JSON, and as the YAML that it is."""
    if seed % 5:
        return mutated_tree(tree_of(SECOND), seed // 5 * 4 + seed % 5 - 1)
    as_json = json.dumps(tree_of(SECOND), indent=2)
    salt = seed
    while True:
        operator, text = mutated_text(as_json if seed % 10 else SECOND, salt)
        if says_something_else(text):
            return operator, text
        salt += 4


def says_something_else(text: str) -> bool:
    """A change in a comment, or of the last line feed, is none."""
    try:
        return read_text(text)[0] != tree_of(SECOND)
    except DocumentInvalid:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace: what runs would leave its traces there."""
    return new_workspace(str(tmp_path_factory.mktemp("mutations") / "workspace")).folder


@pytest.fixture(scope="module")
def traces(folder: Path) -> list[tuple[str, int]]:
    return listing(folder)


def listing(folder: Path) -> list[tuple[str, int]]:
    return sorted((str(path), path.stat().st_mtime_ns) for path in folder.rglob("*"))


@pytest.fixture(scope="module")
def original(folder: Path) -> str:
    answer = Answer(by="test", text=SECOND, file="second.yaml")
    return consider(answer, release_registry(folder)).digest


@pytest.fixture(scope="module")
def outcomes(folder: Path, traces: list[tuple[str, int]]) -> list[Outcome]:
    """All of them; anything but `DocumentInvalid` fails every test here."""
    assert traces
    registry = release_registry(folder)
    found: list[Outcome] = []
    for seed in range(COUNT):
        operator, text = mutation(seed)
        answer = Answer(by="test", text=text, file="mutated.yaml")
        try:
            digest = consider(answer, registry).digest
            found.append(Outcome(seed=seed, operator=operator, text=text, digest=digest))
        except DocumentInvalid as error:
            found.append(
                Outcome(
                    seed=seed,
                    operator=operator,
                    text=text,
                    diagnostics=error.diagnostics,
                    shown=str(error),
                )
            )
    return found


def test_each_is_refused_with_diagnostics_or_is_another_plan(
    outcomes: list[Outcome], original: str
):
    assert len(outcomes) == COUNT
    for outcome in outcomes:
        if outcome.digest is None:
            assert any(d.severity == "error" for d in outcome.diagnostics), outcome.told
        else:
            assert outcome.digest != original, outcome.told


def test_each_diagnostic_has_a_code_a_message_and_a_way_out(outcomes: list[Outcome]):
    for outcome in outcomes:
        for diagnostic in outcome.diagnostics:
            assert diagnostic.code in CODES, outcome.told
            assert diagnostic.message, outcome.told
            assert diagnostic.hint, f"{outcome.told}: {diagnostic}"
        assert "Traceback" not in outcome.shown, outcome.told


def test_nothing_ran(outcomes: list[Outcome], traces: list[tuple[str, int]], folder: Path):
    assert len(outcomes) == COUNT
    assert listing(folder) == traces


def test_the_mutations_are_worth_their_name(outcomes: list[Outcome]):
    refused = [outcome for outcome in outcomes if outcome.digest is None]
    codes = {d.code for outcome in refused for d in outcome.diagnostics}
    assert len({outcome.text for outcome in outcomes}) > COUNT * 0.9
    assert len(Counter(outcome.operator for outcome in outcomes)) == 14
    assert len(refused) > COUNT / 2
    assert COUNT - len(refused) > 10
    assert len(codes) > 20


@pytest.mark.parametrize("number", range(THROUGH_THE_PROGRAM))
def test_the_program_refuses_as_the_function_does(
    number: int, outcomes: list[Outcome], shelf: Path, tmp_path: Path
):
    refused = [outcome for outcome in outcomes if outcome.digest is None]
    outcome = refused[number * (len(refused) // THROUGH_THE_PROGRAM)]
    for name in ("first.yaml", "second.yaml"):
        (shelf / name).write_text(outcome.text, encoding="utf-8")
    shown = show_demo(tmp_path, "--answers", str(shelf))
    assert shown.code == 3
    assert "Traceback" not in shown.text
    assert f"error[{outcome.diagnostics[0].code}]" in shown.text
    assert "so nothing was run" in shown.text
    assert not (shown.workspace / "journal.db").exists()
    assert (shown.workspace / "index" / "log.jsonl").read_bytes() == b""
