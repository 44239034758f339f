"""Collecting diagnostics.

All of them at once, with places that name the right spot of the document.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from interlock.errors import Diagnostic

SHOWN_MAX = 8


def pointer(*parts: str | int) -> str:
    """Join steps to an RFC 6901 JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def nearest(word: str, known: Iterable[str]) -> str:
    """Compose the hint for an unknown name: the nearest known one, or what there is."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"did you mean `{near[0]}`?"
    if not names:
        return "there is none to choose from"
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    return f"there are: {', '.join(names[:SHOWN_MAX])}{more}"


@dataclass(slots=True)
class Problems:
    """Diagnostics found so far; `at` is where the graph being compiled stands in its document."""

    at: str = ""
    found: list[Diagnostic] = field(default_factory=list[Diagnostic])

    def inside(self, at: str) -> "Problems":
        """Collect for a graph deeper in the document, into the same list."""
        return Problems(self.at + at, self.found)

    def error(
        self,
        code: str,
        message: str,
        *,
        at: str,
        hint: str,
        span: tuple[int, int] | None = None,
        on_key: bool = False,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Add an error."""
        self.found.append(
            Diagnostic(
                code=code,
                message=message,
                pointer=self.at + at,
                hint=hint,
                span=span,
                on_key=on_key,
                notes=notes,
            )
        )

    def warning(
        self, code: str, message: str, *, at: str, hint: str, span: tuple[int, int] | None = None
    ) -> None:
        """Add a warning: the plan can run."""
        self.found.append(
            Diagnostic(
                code=code,
                message=message,
                pointer=self.at + at,
                hint=hint,
                span=span,
                severity="warning",
            )
        )

    def take(self, diagnostics: Iterable[Diagnostic], *, at: str) -> None:
        """Add diagnostics whose pointers are relative to a value of this graph."""
        self.found += [replace(each, pointer=self.at + at + each.pointer) for each in diagnostics]

    @property
    def errors(self) -> int:
        """How many of them stop the plan."""
        return sum(each.severity == "error" for each in self.found)

    @property
    def has_errors(self) -> bool:
        """Whether anything found stops the plan."""
        return self.errors > 0
