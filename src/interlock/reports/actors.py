"""Who did it, as a report says it: a person, a runtime or the engine; authenticated or not."""

from typing import Literal

from interlock.values import immutable

Kind = Literal["engine", "runtime", "principal"]

ENGINE = "engine"


@immutable()
class Actor:
    """Who made something a fact.

    `authenticated_by` is how the application said that it had checked who it is; None: nobody has.
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
    kind, _, rest = text.partition(":")
    method, _, name = rest.partition(":")
    if text == ENGINE:
        return Actor(kind="engine", name=ENGINE)
    if kind == "runtime" and rest:
        return Actor(kind="runtime", name=rest)
    if kind == "unauthenticated" and rest:
        return Actor(kind="principal", name=rest)
    if kind == "authenticated" and method and name:
        return Actor(kind="principal", name=name, authenticated_by=method)
    return Actor(kind="principal", name=text)
