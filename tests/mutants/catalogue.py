"""Deliberate bugs: one small change each, of the kind that a tired engineer makes.

They stand in the `.toml` files beside this one. `old` and `new` are whole lines as a file of
`src/interlock` has them, with their indentation; an `old` that is not found exactly once is an
error, so that the catalogue cannot fall behind the code.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
SOURCES = Path("src", "interlock")
AREAS = ("engine", "runtime", "store", "journal", "audit", "receipts", "disposal", "reports")


class DoesNotApply(Exception):
    """A deliberate bug whose place in the code is not found, or not once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A deliberate bug: its name, what it breaks in one sentence, and the change."""

    name: str
    breaks: str
    file: str
    old: str
    new: str

    @property
    def package(self) -> str:
        """The package that has the bug: it decides which tests are tried first."""
        return self.file.partition("/")[0]

    def path_in(self, root: Path) -> Path:
        """The file that is changed, in a copy of the repository."""
        return root / SOURCES / self.file

    def applied(self, text: str) -> str:
        """Return the text of the file with the bug in it.

        Raises:
            DoesNotApply: its place is not there, or there more than once.
        """
        found = text.count(self.old)
        if found != 1:
            raise DoesNotApply(f"{self.name}: its old text is {found} times in {self.file}")
        return text.replace(self.old, self.new)


@cache
def mutants() -> tuple[Mutant, ...]:
    """All deliberate bugs, in the order in which they are tried."""
    return tuple(
        Mutant(**entry)
        for area in AREAS
        for entry in tomllib.loads((FOLDER / f"{area}.toml").read_text(encoding="utf-8"))["mutant"]
    )
