"""Places of a run, as they are said on the command line: `charge`, `charge.output`, `.inputs`.

A receipt shows what is there; an erasure destroys it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from interlock.audit import DISCLOSED, Disclosure, LoggedEvent
from interlock.cli.terminal.console import listed
from interlock.errors import UsageError
from interlock.values import nearest

EVERYTHING = "all"
ASKED = re.compile(r"(?P<path>.*?)(?:\.(?P<part>[a-z_]+))?", re.DOTALL)
INSIDE = ("/", "[", "#", "!")
"""What follows the path of a node in the paths of what is inside it."""

USUAL = sorted(frozenset[str]().union(*DISCLOSED.values()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One place: of a node and all inside it, of the run, or of all, a part or all parts.

    `path` is empty for the run as a whole; `part` is None for all parts.
    """

    text: str
    path: str
    part: str | None

    def covers(self, path: str | None, part: str) -> bool:
        """Say whether a part of an event is meant. With a node goes its path, if it is hidden."""
        meant = self.part in {None, part} or (part == "path" and self.path != EVERYTHING)
        return meant and self._is_at(path or "")

    def _is_at(self, path: str) -> bool:
        if self.path in {EVERYTHING, path}:
            return True
        return bool(self.path) and path.startswith(tuple(self.path + mark for mark in INSIDE))


def asked_of(text: str, option: str = "--disclose") -> Asked:
    """Read a place: `NODE`, `NODE.PART`, `.PART` of the run, `all.PART` or `all`.

    Raises:
        UsageError: it is empty.
    """
    found = ASKED.fullmatch(text)
    if not text or found is None:
        raise UsageError(f"{option} is empty", hint=f"name a node, as in {option} charge.output")
    return Asked(text=text, path=found["path"], part=found["part"])


def disclosure_of(
    shown: Iterable[str], withheld: Sequence[str], events: Sequence[LoggedEvent]
) -> Disclosure:
    """Say what a receipt of these events shows.

    Raises:
        UsageError: nothing of these events is called so.
    """
    wanted = [asked_of(text) for text in shown]
    unknown = [name for name in withheld if name not in USUAL]
    if unknown:
        raise UsageError(
            f"`{unknown[0]}` is not shown anyway",
            hint=f"a receipt shows by itself: {listed(USUAL)}",
        )
    there = {(event.path, part) for event in events for part in event.leaf.parts}
    for one in wanted:
        if not any(one.covers(path, part) for path, part in there):
            raise UsageError(f"there is nothing at `{one.text}` to show", hint=near_of(one, there))
    return Disclosure(
        withheld=frozenset(withheld),
        shows=lambda path, part: any(one.covers(path, part) for one in wanted),
    )


def near_of(one: Asked, there: Collection[tuple[str | None, str]]) -> str:
    """Say what there is where nothing of this name is: paths with their parts are given."""
    paths = {path or "" for path, _ in there}
    if one.path not in paths and one.path != EVERYTHING:
        near = nearest(one.path, paths)
        return f"did you mean `{near}`?" if near else "`interlock show RUN` lists the nodes"
    parts = sorted({part for path, part in there if one.path in {EVERYTHING, path or ""}})
    return f"there are: {listed(parts)}"
