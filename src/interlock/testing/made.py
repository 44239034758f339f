"""What conformance suites write into stores, and how they watch them."""

from collections.abc import Callable, Collection, Iterable
from threading import Thread
from typing import TypeVar

from interlock.errors import InterlockError
from interlock.journal import (
    Message,
    MessageKind,
    OwnerId,
    Record,
    RunHead,
    RunStatus,
    StoredValue,
    principal_of,
)
from interlock.store import Store
from interlock.values import Digest, RunId, value_ref

A, B, C = RunId("01A"), RunId("01B"), RunId("01C")
ME, YOU = OwnerId("me"), OwnerId("you")
EVERY_BYTE = bytes(range(256))

Error = TypeVar("Error", bound=InterlockError)


def record(
    run: RunId,
    seq: int,
    *,
    epoch: int = 1,
    body: bytes | None = None,
    values: Collection[StoredValue] = (),
    head: RunHead | None = None,
    taken: Collection[str] = (),
    salts: bytes = b"",
) -> Record:
    """Make a record; its body names it unless one is given, and its leaf is that of its body."""
    body = f"{run}/{seq}".encode() if body is None else body
    return Record(
        run=run,
        seq=seq,
        epoch=epoch,
        body=body,
        leaf=b"leaf of " + body,
        salts=salts,
        values=tuple(values),
        head=head,
        taken=tuple(taken),
    )


def value(data: bytes, *, shared: bool = False) -> StoredValue:
    """Make a value under its true reference."""
    return StoredValue(ref=value_ref(data), data=data, shared=shared)


def head(
    run: RunId,
    *,
    status: RunStatus = "running",
    key: str | None = None,
    updated_ms: int = 1,
    wake_ms: int | None = None,
    priority: int = 0,
) -> RunHead:
    """Make a head."""
    return RunHead(
        run=run,
        graph="g",
        plan=Digest("sha256:" + "0" * 64),
        status=status,
        created_ms=1,
        updated_ms=updated_ms,
        key=key,
        execution=Digest("sha256:" + "1" * 64) if status == "succeeded" else None,
        wake_ms=wake_ms,
        priority=priority,
    )


def message(
    run: RunId, name: str, *, kind: MessageKind = "signal", body: bytes = b"{}", number: int = 0
) -> Message:
    """Make a message; `number` is the one that the store is expected to give."""
    return Message(
        id=name,
        run=run,
        kind=kind,
        body=body,
        actor=principal_of("ann").actor,
        created_ms=7,
        number=number,
    )


def refusal(kind: type[Error], action: Callable[[], object]) -> Error:
    """Return the error that an action must raise."""
    try:
        action()
    except kind as error:
        return error
    raise AssertionError(f"{kind.__name__} was not raised")


def in_threads(actions: Iterable[Callable[[], None]]) -> None:
    """Run actions at once, wait for them, and raise what one of them raised."""
    errors = list[BaseException]()

    def run(action: Callable[[], None]) -> None:
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - it is raised again in the caller's thread.
            errors.append(error)

    threads = [Thread(target=run, args=(action,), daemon=True) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if errors:
        raise errors[0]


def bodies(store: Store, run: RunId) -> list[bytes]:
    """Return the bodies of all events of a run."""
    return [event.body for event in store.read(run)]
