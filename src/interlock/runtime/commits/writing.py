"""Writing a group to a store, and whom it refuses."""

from typing import NamedTuple, Protocol, TypeAlias

from interlock.errors import KeyTaken, LeaseLost, StoreError, StoreFailed, UsageError
from interlock.journal import Record
from interlock.store import Store
from interlock.values import RunId

Refusal: TypeAlias = StoreError | UsageError


class Work(Protocol):
    """What writes by itself when its turn has come, in the place of a record."""

    @property
    def run(self) -> RunId:
        """The run that it is of."""
        ...

    def carry_out(self, store: Store) -> bool:
        """Write; False when the run has another owner."""
        ...


Group: TypeAlias = list[Record] | Work
"""Records that are written together, or what writes by itself."""


class Written(NamedTuple):
    """What came of a group: whom the store refused, and why; or the failure that ends it all."""

    refused: dict[RunId, Refusal]
    failure: StoreError | None


def write_group(store: Store, group: Group) -> Written:
    """Write a group; whatever is wrong with a run or with the store is returned."""
    try:
        if isinstance(group, list):
            return _write(store, group)
        return Written({} if group.carry_out(store) else {group.run: _fenced(group.run)}, None)
    except StoreError as error:
        return Written({}, error)
    except Exception as error:  # noqa: BLE001 - a bug in a backend stops dispatch as a full disk does
        return Written({}, failed(error))


def failed(error: Exception) -> StoreFailed:
    """Make the error of a bug: it stops the queue as a full disk does."""
    return StoreFailed(f"the store failed: {type(error).__name__}: {error}")


def _write(store: Store, group: list[Record]) -> Written:
    try:
        return Written({run: _fenced(run) for run in store.write(group)}, None)
    except (StoreError, UsageError) as error:
        if not _is_of_one_run(error):
            raise
    return Written(_write_apart(store, group), None)


def _write_apart(store: Store, group: list[Record]) -> dict[RunId, Refusal]:
    """Write a group run by run: what is wrong with one run must not stop the others."""
    parts: dict[RunId, list[Record]] = {}
    for record in group:
        parts.setdefault(record.run, []).append(record)
    refused: dict[RunId, Refusal] = {}
    for run, records in parts.items():
        try:
            refused |= {fenced: _fenced(fenced) for fenced in store.write(records)}
        except (StoreError, UsageError) as error:
            if not _is_of_one_run(error):
                raise
            refused[run] = error
    return refused


def _is_of_one_run(error: StoreError | UsageError) -> bool:
    """Whether the store refused a run and stays usable: its key, its id, its order of events."""
    return isinstance(error, KeyTaken | UsageError) or error.code == "IL7018"


def _fenced(run: RunId) -> LeaseLost:
    return LeaseLost(
        f"run {run} was taken over by another owner",
        hint="nothing of this owner was appended after that; `interlock show` tells its state",
    )
