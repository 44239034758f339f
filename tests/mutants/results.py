"""What the trials have shown: kept, so that a run goes on where it was stopped, and told."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from mutants.catalogue import Mutant
from mutants.trials import ROOT, Trial

PAGE = Path("docs", "internals", "mutants.md")
CAUGHT_MIN = 0.95
HEADER = "| Bug | What it breaks | Caught by |\n| --- | --- | --- |\n"
PARAMETERS = re.compile(r"\[.*\]$")


class Results:
    """The trials of one state of the sources and tests, in a file."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{digest_of(ROOT)}.jsonl"
        lines = self._path.read_text(encoding="utf-8").splitlines() if self._path.exists() else []
        self.trials = {trial.name: trial for trial in (Trial(**json.loads(line)) for line in lines)}

    def add(self, trial: Trial) -> None:
        """Keep a trial."""
        self.trials[trial.name] = trial
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(trial)) + "\n")


def digest_of(root: Path) -> str:
    """What the trials depend on: another text anywhere in it, and they count no more."""
    made = hashlib.sha256()
    for part in ("src", "tests", "pyproject.toml"):
        for path in sorted([root / part, *(root / part).rglob("*")]):
            if path.is_file() and "__pycache__" not in path.parts:
                made.update(f"{path.relative_to(root)}\0".encode() + path.read_bytes() + b"\0")
    return made.hexdigest()[:16]


def caught(trials: Iterable[Trial]) -> int:
    """How many bugs were caught."""
    return sum(bool(trial.by) for trial in trials)


def row(mutant: Mutant, trial: Trial | None) -> str:
    """The line of a bug in the table of the documentation."""
    by = f"`{PARAMETERS.sub('', trial.by)}`" if trial is not None and trial.by else "nothing"
    return f"| `{mutant.name}` | {mutant.breaks} | {by} |\n"


def write_page(chosen: Iterable[Mutant], results: Results) -> None:
    """Write the table anew; the words around it stay."""
    path = ROOT / PAGE
    before, _, rest = path.read_text(encoding="utf-8").partition(HEADER)
    after = rest[rest.find("\n\n") :] if "\n\n" in rest else "\n"
    rows = "".join(row(mutant, results.trials.get(mutant.name)) for mutant in chosen)
    path.write_text(f"{before}{HEADER}{rows.rstrip()}{after}", encoding="utf-8")
