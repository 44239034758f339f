"""A registry is an explicit object: the actions that a graph may name."""

import difflib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, final

from interlock.actions.action import Action
from interlock.actions.manifest import Manifest
from interlock.errors import ActionInvalid, UsageError

AnyAction = Action[..., Any]


@final
class Registry:
    """Actions by name.

    `Registry([a, b]) | other` joins registries; a name stands for one action. What undoes an action
    comes with it.
    """

    def __init__(self, actions: Iterable[AnyAction] = ()) -> None:
        self._actions: dict[str, AnyAction] = {}
        for action in actions:
            self._add(action)
            if action.undo is not None:
                self._add(action.undo)

    def _add(self, action: AnyAction) -> None:
        if action.name in self._actions and self._actions[action.name] is not action:
            raise ActionInvalid(
                f"two actions are named `{action.name}`", hint="give one of them another name"
            )
        self._actions[action.name] = action

    @cached_property
    def manifests(self) -> dict[str, Manifest]:
        """The manifests by name: all that `compile` needs."""
        return {name: self._actions[name].manifest for name in sorted(self._actions)}

    def get(self, name: str) -> AnyAction:
        """Return the action of this name.

        Raises:
            UsageError: there is none.
        """
        found = self._actions.get(name)
        if found is None:
            near = difflib.get_close_matches(name, self._actions, n=1)
            hint = (
                f"did you mean `{near[0]}`?"
                if near
                else f"there are: {', '.join(sorted(self._actions))}"
            )
            raise UsageError(f"no action `{name}` is registered", hint=hint)
        return found

    def __or__(self, other: "Registry") -> "Registry":
        return Registry([*self, *other])

    def __iter__(self) -> Iterator[AnyAction]:
        return iter(self._actions.values())

    def __contains__(self, name: object) -> bool:
        return name in self._actions

    def __len__(self) -> int:
        return len(self._actions)
