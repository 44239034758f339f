"""Markers: how a reference travels inside a Python string until the string is used.

An f-string asks a reference for its text while there is none, so the reference hands out a marker
and is found again when the whole string is used. A marker names a slot of one trace by a number
that is derived from the hash seed of this process: text from elsewhere cannot hold one, except by
chance, and never reaches a document as a marker (test_text_cannot_forge_a_marker). The ends of a
marker alone say nothing, since text from elsewhere may hold the same characters: a part of a marker
is known by the digits next to them (test_any_text_that_is_no_marker_is_just_text).
"""

import re
from collections.abc import Iterator
from itertools import count
from typing import TypeAlias

from interlock.errors import UsageError
from interlock.graph.trace.terms import Term

# Two of the code points that Unicode keeps for use inside of programs: no text may hold them.
OPEN, CLOSE = "\ufdd0", "\ufdd1"
DIGITS = 20
PART = 4
"""How many digits next to its end give a marker away that was cut: by chance, one in 10,000."""

Pieces: TypeAlias = tuple[str | Term, ...]

_NUMBERS = count()
"""A number for each trace. An address may be that of an earlier one, which is gone."""


class Markers:
    """The references of one trace, and of the bodies in it, that were put into strings."""

    def __init__(self) -> None:
        # Only digits, so that they come through `upper`, quoting and JSON unchanged, and a
        # marker that lost its ends is still seen.
        token = f"{hash(f'interlock marker {next(_NUMBERS)}') % 10**DIGITS:0{DIGITS}}"
        self._token = token
        self._marker = re.compile(f"{OPEN}{token}([0-9]+){CLOSE}")
        cut = (f"{OPEN}{token[:PART]}", f"{token[-PART:]}[0-9]*{CLOSE}", token)
        of_another_trace = f"{OPEN}[0-9]{{{DIGITS},}}{CLOSE}"
        self._remains = re.compile("|".join((*cut, of_another_trace)))
        self._terms: list[Term] = []
        self._shown: set[str] = set()

    def mark(self, term: Term) -> str:
        """Hand out the marker of a term."""
        self._terms.append(term)
        return f"{OPEN}{self._token}{len(self._terms) - 1}{CLOSE}"

    def show(self, term: Term) -> str:
        """Hand out a text for people; used as a value, it is refused."""
        text = f"<reference {term.text}>"
        self._shown.add(text)
        return text

    def split(self, text: str) -> Pieces:
        """Take a string apart into text and terms.

        Raises:
            UsageError: the string holds what is left of a marker, or a marker of another trace.
        """
        parts = self._marker.split(text)
        # Text and the numbers of slots take turns.
        found: list[str | Term] = []
        for at, part in enumerate(parts):
            if at % 2:
                found.append(self._terms[int(part)])
            elif part:
                self._check(part)
                found.append(part)
        return tuple(found)

    def refuse(self, text: str) -> None:
        """Refuse references in a string where none may stand.

        Raises:
            UsageError: there is one.
        """
        for term in self._found(self.split(text)):
            raise UsageError(
                f"a text with the reference `{term.text}` stands where a constant text is needed",
                hint="join texts with `+` in an expression; keys and names are always constant",
                code="IL1157",
            )

    @staticmethod
    def _found(pieces: Pieces) -> Iterator[Term]:
        return (piece for piece in pieces if isinstance(piece, Term))

    def _check(self, text: str) -> None:
        if self._remains.search(text):
            raise UsageError(
                "a text holds parts of a reference, but no whole one of this graph",
                hint="put references into f-strings of the graph that uses them, and leave the"
                " text as it is: cut or change it in an action",
                code="IL1157",
            )
        for shown in self._shown:
            if shown in text:
                raise UsageError(
                    f"a text holds `{shown}`, which is for people",
                    hint="write `{x}` without `!r`, `!s` or `=`, and one reference at a time:"
                    " a list of them has no form inside text",
                    code="IL1157",
                )
