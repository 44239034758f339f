"""What a code means, in a shape of its own: the tables of codes are in several files."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CodeInfo:
    """What a code means, for `interlock explain` and the reference."""

    title: str
    explanation: str
