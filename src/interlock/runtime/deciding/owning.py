"""Whose a value is that enters a run: it is stored under the keys of those."""

from collections.abc import Collection
from dataclasses import replace
from typing import final

from interlock.engine import State
from interlock.graph import Expression
from interlock.journal import NodeResolved, SignalReceived, Value
from interlock.plan import names_in
from interlock.runtime.deciding.checks import receivers
from interlock.runtime.deciding.messages import Decision
from interlock.store import SubjectKeys
from interlock.values import Subjects, joined


@final
class Owning:
    """Gives values to those whom they belong to; the keys of these are durable then."""

    def __init__(self, keys: SubjectKeys) -> None:
        self._keys = keys

    def own(self, value: Value, subject: Expression | None, *others: Subjects | None) -> Value:
        """Give a value to those whom an expression names, and to others.

        Raises:
            ExpressionFailed: it names nobody.
            StoreError: their keys could not be stored.
        """
        names = names_in(subject, value.json) if subject is not None else frozenset[str]()
        return self.own_by(value, names, *others)

    def own_by(self, value: Value, names: Collection[str], *others: Subjects | None) -> Value:
        """Give a value to those of these names, and to others.

        Raises:
            StoreError: their keys could not be stored.
        """
        named = self._keys.of(names) if names else None
        return value.under(joined([named, *others]))


def owned_decision(state: State, event: Decision, keys: Owning) -> Decision:
    """Give what a decision brings into a run to those whom it belongs to.

    Raises:
        ExpressionFailed: it cannot be told whose it is.
        StoreError: their keys could not be stored.
    """
    if isinstance(event, SignalReceived):
        said = [node.subject for node in receivers(state, event) if node.subject is not None]
        names = {name for each in said for name in names_in(each, event.payload.json)}
        return replace(event, payload=keys.own_by(event.payload, names))
    if isinstance(event, NodeResolved) and event.output is not None:
        found = state.find(event.path)
        if found is not None:
            _, _, node, now = found
            owners = now.call.args.subjects if now.call is not None else None
            return replace(event, output=keys.own(event.output, node.subject, owners))
    return event
