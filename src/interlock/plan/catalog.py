"""The actions that a graph may use, looked up by name, and which of them it does use."""

from collections.abc import Callable, Iterable, Mapping, Set as AbstractSet
from dataclasses import field
from fnmatch import fnmatchcase

from interlock.actions import Manifest, Registry
from interlock.plan.problems import Problems, nearest
from interlock.plan.target import Target
from interlock.values import mutable


@mutable(kw_only=True)
class Catalog:
    """Manifests by name, made when they are asked for.

    A registry may hold far more than a graph uses.
    """

    names: AbstractSet[str]
    manifest: Callable[[str], Manifest]
    narrowed_by_proposal: bool = False
    used: dict[str, Manifest] = field(default_factory=dict)
    targets: dict[str, Target] = field(default_factory=dict)

    @classmethod
    def of(cls, actions: Registry | Mapping[str, Manifest], *, proposal: bool = False) -> "Catalog":
        """Look up in a registry or in manifests."""
        if isinstance(actions, Registry):
            registry = actions
            return cls(
                names={action.name for action in registry},
                manifest=lambda name: registry.get(name).manifest,
            )
        return cls(
            names=actions.keys(), manifest=actions.__getitem__, narrowed_by_proposal=proposal
        )

    def find(self, name: str, *, at: str, problems: Problems) -> Manifest | None:
        """Look an action up and remember that it is used; reports an unknown one."""
        if name in self.used:
            return self.used[name]
        if name in self.names:
            self.used[name] = self.manifest(name)
            return self.used[name]
        if self.narrowed_by_proposal:
            code, told = "IL2014", f"a proposed graph may not use the action `{name}`"
        else:
            code, told = "IL2001", f"there is no action `{name}`"
        problems.error(code, told, at=at, hint=nearest(name, self.names))
        return None

    def target(self, manifest: Manifest) -> Target:
        """Give an action as what receives arguments."""
        if manifest.name not in self.targets:
            words = f"`{manifest.name}`"
            self.targets[manifest.name] = Target(words=words, schema=manifest.arguments)
        return self.targets[manifest.name]

    def narrowed(
        self, patterns: Iterable[str], *, at: str, problems: Problems
    ) -> dict[str, Manifest]:
        """The manifests that match any of the patterns; all, when there is no pattern."""
        wanted = list(patterns)
        if not wanted:
            return {name: self.manifest(name) for name in sorted(self.names)}
        found: dict[str, Manifest] = {}
        for index, pattern in enumerate(wanted):
            matching = [name for name in sorted(self.names) if fnmatchcase(name, pattern)]
            found |= {name: self.manifest(name) for name in matching}
            if not matching and not problems.is_damaged(f"{at}/{index}"):
                told = f"no action matches `{pattern}`"
                problems.error(
                    "IL2001", told, at=f"{at}/{index}", hint=nearest(pattern, self.names)
                )
        return found

    def use_all(self, manifests: Mapping[str, Manifest]) -> None:
        """Remember actions that a proposal may use, so that a run pins them."""
        self.used |= manifests
