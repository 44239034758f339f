"""Collecting diagnostics: all of them at once, each with the right spot of the document."""

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import field, replace

from interlock.errors import Diagnostic, SourceMap
from interlock.graph import Broken, DocumentLimits
from interlock.values import Json, mutable

SHOWN_MAX = 8


def pointer(*parts: str | int) -> str:
    """Join steps to an RFC 6901 JSON pointer."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def closest(word: str, known: Iterable[str]) -> str | None:
    """Find the known name that was probably meant."""
    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return near[0]
    lowered = {name.lower(): name for name in names}
    near = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def nearest(word: str, known: Iterable[str], *, none: str = "there is none") -> str:
    """Compose the hint for an unknown name: the nearest known one, or what there is."""
    names = sorted(known)
    near = closest(word, names)
    if near is not None:
        return f"did you mean `{near}`?"
    if not names:
        return none
    more = f" and {len(names) - SHOWN_MAX} more" if len(names) > SHOWN_MAX else ""
    return f"there are: {', '.join(names[:SHOWN_MAX])}{more}"


@mutable()
class Problems:
    """Diagnostics found so far.

    Attributes:
        at: where the graph being compiled stands in its document.
        found: the diagnostics, of all graphs of the document.
        broken: what of the document could not be read, if there is anything. That has been told;
            what follows from it is not.
        is_python: whether hints speak of the Python form.
    """

    at: str = ""
    found: list[Diagnostic] = field(default_factory=list)
    broken: Broken | None = None
    is_python: bool = False

    def inside(self, at: str) -> "Problems":
        """Collect for a graph deeper in the document, into the same list."""
        return replace(self, at=self.at + at)

    def is_lost(self, at: str) -> bool:
        """Say whether exactly this value of the graph could not be read."""
        return self.broken is not None and self.broken.at(self.at + at)

    def is_damaged(self, at: str) -> bool:
        """Say whether this value of the graph, or a part of it, could not be read."""
        return self.broken is not None and self.broken.within(self.at + at)

    def damaged_below(self, at: str) -> Iterable[str]:
        """Give the names directly below a value at which something could not be read."""
        return self.broken.below(self.at + at) if self.broken is not None else ()

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
        self,
        code: str,
        message: str,
        *,
        at: str,
        hint: str,
        span: tuple[int, int] | None = None,
        on_key: bool = False,
    ) -> None:
        """Add a warning: the plan can run."""
        self.found.append(
            Diagnostic(
                code=code,
                message=message,
                pointer=self.at + at,
                hint=hint,
                span=span,
                on_key=on_key,
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


def in_order(
    found: Iterable[Diagnostic], *, document: Json, source: SourceMap | None
) -> tuple[Diagnostic, ...]:
    """Put diagnostics into the order of the text, or of the document where there is no text.

    Beyond a limit the rest is counted, not told.
    """
    order = _Order(document)
    placed = dict.fromkeys(_with_place(each, source) for each in found)
    ordered = sorted(placed, key=lambda each: order.place(each, source))
    most = DocumentLimits().problems_max
    if len(ordered) <= most:
        return tuple(ordered)
    more = Diagnostic(
        code="IL5006",
        message=f"there are {len(ordered) - most:,} more problems; {most} are shown",
        hint="correct these first",
        severity=ordered[0].severity,
    )
    return (*ordered[:most], more)


def _with_place(diagnostic: Diagnostic, source: SourceMap | None) -> Diagnostic:
    """Tell the place in a graph whose text is in another file."""
    if source is None or not diagnostic.pointer.startswith("/graphs/"):
        return diagnostic
    known = diagnostic.pointer
    while known and known not in source.values:
        known = known.rpartition("/")[0]
    inside = diagnostic.pointer.removeprefix(known)
    if not inside.startswith(("/graphs/", "/inputs/", "/nodes/", "/outputs/")):
        return diagnostic
    return replace(diagnostic, notes=(*diagnostic.notes, f"in that graph at {inside}"))


@mutable()
class _Order:
    document: Json
    ranks: dict[int, Mapping[str, int]] = field(default_factory=dict)

    def place(self, diagnostic: Diagnostic, source: SourceMap | None) -> tuple[int, ...]:
        found = source.place(diagnostic) if source is not None else None
        if found is not None:
            return (found.line, found.column)
        start = diagnostic.span[0] if diagnostic.span is not None else -1
        return (*self._steps(diagnostic.pointer), start)

    def _steps(self, pointer: str) -> tuple[int, ...]:
        here, steps = self.document, list[int]()
        for raw in pointer.split("/")[1:]:
            name = raw.replace("~1", "/").replace("~0", "~")
            if isinstance(here, dict) and name in here:
                steps.append(self._ranks(here)[name])
                here = here[name]
            elif isinstance(here, list) and name.isdecimal() and int(name) < len(here):
                steps.append(int(name))
                here = here[int(name)]
            else:
                break
        return tuple(steps)

    def _ranks(self, table: dict[str, Json]) -> Mapping[str, int]:
        if id(table) not in self.ranks:
            self.ranks[id(table)] = {name: rank for rank, name in enumerate(table)}
        return self.ranks[id(table)]
