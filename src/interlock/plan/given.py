"""What a caller gives to be compiled or run: refused with words when it is no graph."""

from interlock.actions import Action
from interlock.errors import UsageError
from interlock.graph import Draft, Graph
from interlock.plan.model import Plan


def expect_graph(given: object) -> None:
    """Check that something is a graph, a draft or a `@graph` function.

    Raises:
        UsageError: it is none; says what to do with it.
    """
    # A property of a `@graph` function traces it when it is read, so its class is asked.
    if not isinstance(given, Graph | Draft) and not hasattr(type(given), "draft"):
        name: object = getattr(given, "__name__", None)
        told = f"{given!r:.60}" if name is None else f"`{name}`"
        kind = type(given).__name__
        raise UsageError(f"{told} is no graph, but of type {kind}", hint=_advice(given))


def _advice(given: object) -> str:
    # Imported here: who folds a journal reads no text.
    from interlock.graph import Loaded

    if isinstance(given, Loaded):
        return "give its graph: `loaded.graph`"
    if isinstance(given, Plan):
        return "it is compiled already: run it"
    if isinstance(given, Action):
        return "call the action in a `@graph` function, and give that"
    if callable(given):
        return "put `@graph` above the function"
    return "give a `@graph` function, or read a document: `load(text, file=name).graph`"
