"""Limits of calls: how many at a time, and how many a second, over all runs of a process."""

import difflib
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import cast

from interlock.actions import Manifest, Registry
from interlock.errors import UsageError
from interlock.runtime.arguments import expect

RATE_MAX = 1_000_000
COUNT_MAX = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimit:
    """Bounds the calls of some actions, over all runs of a `Runtime`.

    ```python
    Runtime(store, registry, limits=[CallLimit(actions="llm.*", concurrency_max=8, rate_per_s=5)])
    ```

    Where several limits fit a call, all of them hold. A probe counts as a call of its action.

    Attributes:
        actions: a pattern of names of actions, such as `llm.*`.
        concurrency_max: calls that go on at a time.
        rate_per_s: calls that are started in a second, evenly: 5 is one each 200 ms.
        burst_max: calls that may be started at once after a pause.
        by: an argument; calls are counted apart for each value of it.

    Raises:
        UsageError: it limits nothing, or a number makes no sense.
    """

    actions: str
    concurrency_max: int | None = None
    rate_per_s: float | None = None
    burst_max: int = 1
    by: str | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if not self.actions:
            raise UsageError("a limit names no actions", hint='actions="llm.*", or "*" for all')
        if self.concurrency_max is None and self.rate_per_s is None:
            raise self._wrong("limits nothing", "give `concurrency_max`, `rate_per_s`, or both")
        _check_count(self, "concurrency_max", self.concurrency_max)
        _check_count(self, "burst_max", self.burst_max)
        rate = self.rate_per_s
        if rate is not None and not (math.isfinite(rate) and 0 < rate <= RATE_MAX):
            told = f"has `rate_per_s` {rate!r}"
            raise self._wrong(told, f"a number above 0, at most {RATE_MAX:,}; 0.1 is one in 10 s")
        if self.burst_max > 1 and rate is None:
            raise self._wrong("has `burst_max` and no `rate_per_s`", "give both, or neither")

    def _wrong(self, told: str, hint: str) -> UsageError:
        return UsageError(f"the limit of `{self.actions}` {told}", hint=hint)

    def fits(self, action: str) -> bool:
        """Whether it bounds the calls of an action."""
        return fnmatchcase(action, self.actions)


def _check_count(limit: CallLimit, name: str, count: int | None) -> None:
    if count is not None and not 1 <= count <= COUNT_MAX:
        raise UsageError(
            f"the limit of `{limit.actions}` has `{name}` {count!r}",
            hint=f"an integer from 1 to {COUNT_MAX:,}",
        )


def checked_limits(given: Iterable[CallLimit], registry: Registry) -> tuple[CallLimit, ...]:
    """The limits of a runtime, as a caller gives them.

    Raises:
        UsageError: there is something else among them, or one would never hold.
    """
    hint = 'give a list: `[CallLimit(actions="llm.*", concurrency_max=8)]`'
    expect(given, Iterable, name="limits", hint=hint)
    limits = tuple(given)
    for limit in limits:
        expect(limit, CallLimit, name="limits", hint=hint)
    check_limits(limits, registry)
    return limits


def check_limits(limits: Iterable[CallLimit], registry: Registry) -> None:
    """Refuse limits that would never hold.

    Raises:
        UsageError: no action fits a limit, or none of them has the argument that it counts by.
    """
    for limit in limits:
        fitting = [one for name, one in registry.manifests.items() if limit.fits(name)]
        if not fitting:
            raise UsageError(
                f"the limit of `{limit.actions}` fits no action",
                hint=_near(limit.actions, registry.manifests, "there are no actions"),
            )
        if limit.by is not None:
            _check_by(limit, limit.by, fitting)


def _check_by(limit: CallLimit, by: str, fitting: list[Manifest]) -> None:
    """Each action must have the argument: calls without it would all be counted as one."""
    for manifest in fitting:
        arguments = _arguments_of(manifest)
        if by not in arguments:
            raise UsageError(
                f"the limit of `{limit.actions}` counts by `{by}`, which is no argument of"
                f" `{manifest.name}`",
                hint=_near(by, arguments, f"`{manifest.name}` has no arguments"),
            )


def _arguments_of(manifest: Manifest) -> Mapping[str, object]:
    schema = manifest.arguments
    properties = schema.get("properties", {}) if isinstance(schema, dict) else {}
    return cast(Mapping[str, object], properties)


def _near(name: str, known: Iterable[str], none: str) -> str:
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1)
    if close:
        return f"did you mean `{close[0]}`?"
    return f"there are: {', '.join(names[:10])}" if names else none
