"""Going on with a node of a run that was opened again, in the scopes that it had opened."""

from typing import cast

from interlock.engine.kinds.maps import go_on_with_map
from interlock.engine.scopes import did_not_last, reopen
from interlock.engine.state import At, MapState, RepeatState
from interlock.plan import CompiledMap


def go_on(at: At) -> None:
    """Open the scopes of a node again, with the inputs that they have.

    A node that had ended without success although its scopes had not is judged again.
    """
    kept, at.state.kept = at.state.kept, None
    at.state.opened = kept
    at.turn.state.running -= 1
    if isinstance(kept, MapState):
        go_on_with_map(at, cast(CompiledMap, at.node), kept)
    elif isinstance(kept, RepeatState):
        _go_on_with_turns(at, kept)
    else:
        reopen(at.turn, at.scope.closed_in(at.index).pop(-1))


def _go_on_with_turns(at: At, opened: RepeatState) -> None:
    """Open the first turn again that did not last; the later ones follow when it has ended."""
    closed = at.scope.closed_in(at.index)
    opened.turn = next((turn for turn in sorted(closed) if did_not_last(closed[turn])), max(closed))
    reopen(at.turn, closed.pop(opened.turn))
