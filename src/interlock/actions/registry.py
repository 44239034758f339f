"""A registry is an explicit object: the actions that a graph may name."""

import difflib
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, cast, final

from interlock.actions.action import Action
from interlock.actions.manifest import Manifest
from interlock.errors import ActionInvalid, UsageError

AnyAction = Action[..., Any]
_NO_ACTION = "name the function below `@action`, without quotes and without calling it"


@final
class Registry:
    """Actions by name.

    `Registry([a, b]) | other` joins registries; a name stands for one action. What undoes an action
    comes with it.
    """

    def __init__(self, actions: Iterable[AnyAction] = ()) -> None:
        self._actions: dict[str, AnyAction] = {}
        for action in _listed(actions):
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


def _listed(actions: Iterable[AnyAction]) -> Iterator[AnyAction]:
    """Give the actions one by one.

    Raises:
        UsageError: there is something else among them, or in their place.
    """
    given = cast(object, actions)
    if isinstance(given, Action):
        name = cast(AnyAction, given).name
        raise UsageError(
            f"a registry is made of a list of actions, and not of the action `{name}`",
            hint="write `Registry([...])`",
        )
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise UsageError(
            f"a registry is made of a list of actions, and not of {given!r:.60}",
            hint="write `Registry([...])`",
        )
    for each in cast(Iterable[object], given):
        if not isinstance(each, Action):
            raise UsageError(
                f"a registry is made of actions, and {each!r:.60} is none",
                hint="make one with `@action(effect=...)`" if callable(each) else _NO_ACTION,
            )
        yield cast(AnyAction, each)
