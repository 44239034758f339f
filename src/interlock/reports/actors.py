"""Who did it, as a report says it: a person, a runtime or the engine; authenticated or not."""

from typing import Literal

from interlock.errors import JournalCorrupt
from interlock.journal import ENGINE, NOBODY, Principal, parse_actor
from interlock.values import immutable

Kind = Literal["engine", "runtime", "principal", "erased"]

ERASED = "(erased)"
"""In the place of who was erased. An actor has a kind before its name, so nobody has this text."""


@immutable()
class Actor:
    """Who made something a fact.

    Of kind `erased` is whoever was erased from the journal. `authenticated_by` is how the
    application said that it had checked who it is; None: nobody has.
    """

    kind: Kind
    name: str
    authenticated_by: str | None = None

    def __str__(self) -> str:
        if self.kind != "principal":
            return self.name
        return f"{self.name} ({self.authenticated_by or 'not authenticated'})"


def actor_of(text: str) -> Actor:
    """Read the text of an actor; any other text is a name that nobody has checked."""
    if text in {NOBODY, ERASED}:
        return Actor(kind="erased", name=ERASED)
    try:
        found = parse_actor(text)
    except JournalCorrupt:
        return Actor(kind="principal", name=text)
    if found is None:
        return Actor(kind="engine", name=ENGINE)
    if isinstance(found, Principal):
        return Actor(kind="principal", name=found.name, authenticated_by=found.authenticated_by)
    return Actor(kind="runtime", name=found)
