"""Whose values are: what is made of a value belongs to the same data subjects.

Nothing here is asked in a run whose plan names no subject.
"""

from collections.abc import Collection, Iterable

from interlock.engine.state.state import ScopeState
from interlock.engine.state.turn import At
from interlock.journal import Value
from interlock.values import Subjects, joined


def owners_of(at: At, *, among: Collection[int] | None = None) -> Subjects | None:
    """Find those whom what a node is given may belong to.

    They own what it reads: inputs of its scope, and nodes, in its arguments and in its guards.

    Args:
        at: the node.
        among: positions of nodes that count; None: all do.
    """
    read = [index for _, index in (*at.node.roots, *at.node.status_roots)]
    return _owners(at.scope, (one for one in read if among is None or one in among))


def owners_of_outputs(scope: ScopeState) -> Subjects | None:
    """Find those whom the outputs of a scope may belong to."""
    graph = scope.graph
    return _owners(
        scope,
        (index for one in graph.outputs for _, index in (*one.roots, *one.status_roots)),
    )


def _owners(scope: ScopeState, read: Iterable[int]) -> Subjects | None:
    return joined([scope.subjects, *(scope.nodes[index].subjects for index in read)])


def share(at: At, *others: Subjects | None) -> None:
    """Note that what a node works with belongs to others as well."""
    if at.turn.state.is_keyed:
        at.state.subjects = joined([at.state.subjects, *others])


def owned(at: At, value: Value) -> Value:
    """Give what is made for a node, or by it, to those whom it belongs to."""
    subjects = at.state.subjects
    return value if subjects is None else value.under(subjects)


def is_covered(value: Value, by: Subjects) -> bool:
    """Whether a value belongs to all of these, and maybe to others too."""
    return value.subjects is not None and by.keys.keys() <= value.subjects.keys.keys()
