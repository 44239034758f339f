"""Locks between processes that share a journal file, in a folder beside it.

    journal.db-locks/turnstile     held for a moment by whoever waits for `commit`
    journal.db-locks/commit        held around every write transaction
    journal.db-locks/owner-<hex>   held while the owner lives; its text is the owner's id

SQLite's own lock would do for correctness, but it is not fair: of two processes that write without
pause one waited 1.3 s for a single commit, since the other took the lock again at once. Whoever
wants to commit passes the turnstile first, and holds it until it has `commit`; so the one that has
just committed finds the turnstile closed and must queue. The worst wait was then 9 ms. Taking turns
has a price when both are busy: a fifth of the throughput in groups of 100 events, half of it in
commits of one.

The kernel lets go of a flock when its process dies, however it dies. So an owner's file that can be
locked means that the owner is dead, and its leases may be taken over at once; an owner that is
merely stopped keeps its lock, and is handled by expiry and epochs. Owner files are made, tried and
removed under the commit lock only, so that nobody can hold a lock on a file that was removed and
made again. An owner that has no lease left needs no file: it is let go when the next one comes, so
a store that serves many owners, one after the other, keeps few files open. Whoever only wants to
know whether an owner lives must neither write nor wait for a commit: without the commit lock, it
tries for a shared lock. So an owner is dead when its file can be had shared, and `claim` waits for
a moment while somebody looks at its file. A fork shares the locks of its parent: the owner then
counts as alive until both are gone, or its leases expire.

Locks are waited for in a loop of attempts, never in one blocking call: a process that was stopped
in the middle of a commit would else hang all others, silently and for good.
"""

import fcntl
import os
from collections.abc import Collection, Generator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from threading import Event
from typing import final

from interlock.errors import StoreFailed, UsageError
from interlock.journal import OwnerId
from interlock.values import RunId

OWNER_PREFIX = "owner-"
OWNER_CHARACTERS_MAX = 200
PAUSE_MS_MIN = 0.05
PAUSE_MS_MAX = 1.0
WAIT_MS_MAX = 30_000.0
"""Longer than any commit takes: a large batch on a slow disk, with a checkpoint in it."""

GLANCE_MS_MAX = 250.0
"""Longer than anyone looks at an owner's file."""


@final
class Locks:
    """The locks of one open store, for one thread at a time."""

    def __init__(self, folder: Path) -> None:
        """Open the locks in a folder, which is made if need be.

        Raises:
            OSError: the folder cannot be made or written.
        """
        folder.mkdir(exist_ok=True)
        self._folder = folder
        self._owners: dict[OwnerId, int] = {}
        self._held: dict[RunId, tuple[OwnerId, int]] = {}
        self._turnstile = _open(folder / "turnstile")
        try:
            self._commit = _open(folder / "commit")
        except OSError:
            os.close(self._turnstile)
            raise

    @contextmanager
    def commit(self) -> Generator[None]:
        """Hold the right to commit.

        Raises:
            StoreFailed: another process did not let go of it in time.
        """
        _wait_for(self._turnstile, self._folder / "turnstile")
        try:
            _wait_for(self._commit, self._folder / "commit")
        finally:
            fcntl.flock(self._turnstile, fcntl.LOCK_UN)
        try:
            yield
        finally:
            fcntl.flock(self._commit, fcntl.LOCK_UN)

    def claim(self, owners: Collection[OwnerId]) -> None:
        """Show that owners live in this process, as long as they hold leases.

        Needs the commit lock.

        Raises:
            UsageError: an id is taken by a living owner elsewhere, or is not one.
            OSError: a file cannot be made.
        """
        new = [owner for owner in dict.fromkeys(owners) if owner not in self._owners]
        if new:
            held = {owner for owner, _ in self._held.values()}
            for owner in self._owners.keys() - held - set(owners):
                self._let_go(owner)
        for owner in new:
            self._owners[owner] = self._claimed(owner)

    def _claimed(self, owner: OwnerId) -> int:
        if not (0 < len(owner) <= OWNER_CHARACTERS_MAX):
            raise UsageError(
                f"{owner!r:.200} is not the id of an owner",
                hint=f"use 1 to {OWNER_CHARACTERS_MAX} characters",
            )
        descriptor = _open(self._owner_path(owner))
        if not _comes_free(descriptor, most_ms=GLANCE_MS_MAX):
            os.close(descriptor)
            raise UsageError(
                f"owner {owner!r} lives in another store object or process already",
                hint="give every process an owner id of its own",
            )
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{owner}\n".encode())
        return descriptor

    def holds(self, run: RunId, owner: OwnerId, epoch: int) -> None:
        """Note that a claimed owner has the lease of a run now."""
        self._held[run] = (owner, epoch)

    def lost(self, run: RunId, epoch: int) -> None:
        """Note that the lease of a run is let go, or was taken over, up to an epoch."""
        if run in self._held and self._held[run][1] <= epoch:
            del self._held[run]

    def is_dead(self, owner: OwnerId) -> bool:
        """Tell whether an owner's process is gone for certain. Needs the commit lock."""
        return _remove_if_free(self._owner_path(owner))

    def sweep(self) -> None:
        """Remove what dead owners left behind. Needs the commit lock."""
        for path in self._folder.glob(f"{OWNER_PREFIX}*"):
            _remove_if_free(path)

    def close(self) -> None:
        """Let go of everything: the owners of this store count as dead from now on."""
        for owner in list(self._owners):
            self._let_go(owner)
        os.close(self._turnstile)
        os.close(self._commit)

    def _let_go(self, owner: OwnerId) -> None:
        with suppress(OSError):
            self._owner_path(owner).unlink()
        os.close(self._owners.pop(owner))

    def _owner_path(self, owner: OwnerId) -> Path:
        return _owner_path(self._folder, owner)


def is_alive(folder: Path, owner: OwnerId) -> bool:
    """Tell whether an owner's process lives, for those who only read.

    Nothing is made, nobody waits.
    """
    try:
        descriptor = os.open(_owner_path(folder, owner), os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        return not _try(descriptor, fcntl.LOCK_SH)
    finally:
        os.close(descriptor)


def _owner_path(folder: Path, owner: OwnerId) -> Path:
    # A digest, since an id may be long and may hold any character.
    return folder / (OWNER_PREFIX + sha256(owner.encode()).hexdigest()[:32])


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)


def _try(descriptor: int, kind: int = fcntl.LOCK_EX) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _comes_free(descriptor: int, *, most_ms: float) -> bool:
    if _try(descriptor):
        return True
    nobody_sets_it = Event()
    pause_ms, waited_ms = PAUSE_MS_MIN, 0.0
    while waited_ms < most_ms:
        nobody_sets_it.wait(pause_ms / 1000)
        if _try(descriptor):
            return True
        waited_ms += pause_ms
        pause_ms = min(2 * pause_ms, PAUSE_MS_MAX)
    return False


def _wait_for(descriptor: int, path: Path) -> None:
    if _comes_free(descriptor, most_ms=WAIT_MS_MAX):
        return
    raise StoreFailed(
        f"the lock {path} was not free for {WAIT_MS_MAX / 1000:.0f} s",
        hint="the process that holds it is stopped or stuck: find it with `fuser` and end it",
        code="IL7016",
    )


def _remove_if_free(path: Path) -> bool:
    """Remove an owner's file unless a living process holds it; True when it is gone."""
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return True
    try:
        if not _try(descriptor, fcntl.LOCK_SH):
            return False
        path.unlink(missing_ok=True)
        return True
    finally:
        os.close(descriptor)
