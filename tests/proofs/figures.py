"""What a proof has found: a count of trials, and of everything that must not be."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal, Self

Wrong = Literal["lost", "duplicated", "mislabelled", "undetected"]
FAILURES_MAX = 20
"""Failures kept with their words; all are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """One thing that must not be; `seed` alone shows it again, else its whole chunk does."""

    wrong: Wrong
    told: str
    seed: int | None = None


@dataclass(slots=True, kw_only=True)
class Figures:
    """What some trials have found.

    Attributes:
        lost: something that was promised to be there, and was not.
        duplicated: effects beyond the declared guarantee.
        mislabelled: outcomes that are not what the label of the node, or an error, says.
        undetected: damage that nobody noticed.
        seen: how often each kind of thing happened: what makes the trials worth something.
        failures: the first of those that count, in words.
    """

    trials: int = 0
    lost: int = 0
    duplicated: int = 0
    mislabelled: int = 0
    undetected: int = 0
    seconds: float = 0.0
    seen: Counter[str] = field(default_factory=Counter[str])
    failures: list[Failure] = field(default_factory=list[Failure])

    @property
    def is_clean(self) -> bool:
        return not (self.lost or self.duplicated or self.mislabelled or self.undetected)

    def fail(self, wrong: Wrong, told: str, *, seed: int | None = None) -> None:
        """Count something that must not be."""
        setattr(self, wrong, getattr(self, wrong) + 1)
        if len(self.failures) < FAILURES_MAX:
            self.failures.append(Failure(wrong=wrong, told=told, seed=seed))

    def add(self, other: "Figures") -> None:
        for name in ("trials", "lost", "duplicated", "mislabelled", "undetected", "seconds"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.seen += other.seen
        self.failures = (self.failures + other.failures)[:FAILURES_MAX]

    def to_json(self) -> dict[str, Any]:
        found = {each.name: getattr(self, each.name) for each in fields(self)}
        return {**found, "failures": [asdict(each) for each in self.failures]}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        failures = [Failure(**each) for each in data["failures"]]
        return cls(**{**data, "seen": Counter(data["seen"]), "failures": failures})

    def told(self) -> str:
        """One line of a table."""
        wrong = f"{self.lost:>6,} {self.duplicated:>10,} {self.mislabelled:>11,}"
        return f"{self.trials:>9,} {wrong} {self.undetected:>10,} {self.seconds:>9,.1f}"

    def told_seen(self) -> str:
        return ", ".join(f"{self.seen[name]:,} {name}" for name in sorted(self.seen))


HEADING = f"{'trials':>9} {'lost':>6} duplicated mislabelled undetected {'seconds':>9}"


def total(parts: Iterable[Figures]) -> Figures:
    found = Figures()
    for part in parts:
        found.add(part)
    return found
