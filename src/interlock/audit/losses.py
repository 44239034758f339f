"""What of a log was erased, and whether the log tells of it.

The leaf of an event stays as it is when a part of it is erased, so no hash shows who did it. Each
erasure is an event of the run, whose `parts` stand in its leaf in the clear: what is missing and is
not told there was taken away behind the back of the log. Of a run whose events were pruned, the
journal of the store tells instead, and only of some parts.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast, final

from interlock.audit.absences import PRUNED_PARTS
from interlock.errors import JournalCorrupt
from interlock.values import RunId

TELLING = "PartsErased"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """A part that is not as the log tells, and the event of the log that this is about."""

    index: int
    run: RunId
    seq: int
    message: str


@final
@dataclass(slots=True)
class Losses:
    """Takes the events of a log in its order, and tells in the end what was erased falsely.

    `told` counts the parts that are missing rightly.
    """

    told: int = 0
    _missing: dict[tuple[RunId, str], Loss] = field(default_factory=dict[tuple[RunId, str], Loss])
    _prunable: set[tuple[RunId, str]] = field(default_factory=set[tuple[RunId, str]])
    _present: list[Loss] = field(default_factory=list[Loss])

    def take(
        self, run: RunId, event: Mapping[str, Any], names: Collection[str], *, index: int
    ) -> None:
        """Take an event that has lost parts."""
        for name in names:
            part = f"{event['seq']}.{name}"
            told = f"`{part}` was erased, and no event tells of it"
            self._missing[run, part] = Loss(index=index, run=run, seq=event["seq"], message=told)
            if name in PRUNED_PARTS and event["type"] != TELLING:
                self._prunable.add((run, part))

    def take_telling(self, run: RunId, event: Mapping[str, Any], *, index: int) -> None:
        """Take an event that tells of an erasure.

        Raises:
            JournalCorrupt: it does not say of what.
        """
        for part in _parts_in(event):
            if self._missing.pop((run, part), None) is not None:
                self.told += 1
            else:
                told = f"it tells that `{part}` was erased, and it is there"
                self._present.append(Loss(index=index, run=run, seq=event["seq"], message=told))

    def false(self, pruned: Collection[RunId]) -> Iterator[Loss]:
        """List what the log does not tell, when the events of some runs were `pruned`."""
        for place, loss in self._missing.items():
            if loss.run not in pruned or place not in self._prunable:
                yield loss
        # An event that is told to have lost a part may have lost all of its content since.
        yield from (each for each in self._present if each.run not in pruned)


def _parts_in(event: Mapping[str, Any]) -> list[str]:
    parts = event.get("data", {}).get("parts")
    if not isinstance(parts, list) or not all(isinstance(part, str) for part in cast(Any, parts)):
        raise JournalCorrupt("its `parts` are no list of texts")
    return cast(list[str], parts)
