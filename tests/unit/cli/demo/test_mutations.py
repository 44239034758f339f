"""Two hundred ways to get the second answer wrong.

Each takes the way of any answer, up to the plan: it is refused with diagnostics, or it compiles to
a plan with another digest. Nothing runs when it is refused.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from interlock.cli.demo.actions import release_registry
from interlock.cli.demo.model import SHIPPED, Answer
from interlock.cli.demo.planning import consider
from interlock.cli.demo.workspace import new_workspace
from interlock.errors import CODES, Diagnostic, DocumentInvalid
from unit.cli.demo.mutations import mutation

SECOND = (SHIPPED / "second.yaml").read_text(encoding="utf-8")
COUNT = 200


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
        operator, text = mutation(SECOND, seed)
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
