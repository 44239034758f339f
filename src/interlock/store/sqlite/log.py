"""The log that a process left behind that died: is all there that was committed?

SQLite reads a log up to the first frame whose checksum does not fit, and takes what comes after for
a commit that was never finished. So a single bit that flips in the log takes commits back, without
a word. But the index of the log, `-shm`, says how many frames there were. It is written after the
log was synced, and is never synced itself; so after a crash it is there, and after a power loss it
may be old, or no index at all, but never ahead of the log.

Whoever opens the log for writing makes its index anew. So this is looked at before, and as long as
the log is not whole nobody opens it.
"""

from pathlib import Path
from struct import Struct

import apsw

from interlock.errors import JournalCorrupt
from interlock.store.sqlite.connection import connect
from interlock.store.sqlite.opening import beside
from interlock.values import immutable

# SQLite's format of the index: version, unused, changes, initialised, endian, page size, frames,
# pages, checksum of the frames, salts; then a checksum of these, all of it again, and how many
# frames were copied to the file.
INDEX = Struct("=3I2BH4I8s2I")
INDEX_BYTES = 100
SUMMED_BYTES = 40
COPIED_AT = 96

LOG_BYTES = 32
LOG_SUMMED_BYTES = 24
BIG_ENDIAN_MAGIC = b"\x37\x7f\x06\x83"


@immutable()
class Claim:
    """What the index of a log says of it.

    Attributes:
        frames, copied: how many pages were committed to the log, and are in the file as well.
    """

    frames: int
    copied: int
    salts: bytes

    def is_met(self, found: int) -> bool:
        """Whether nothing is lost when so many frames can be read.

        When only some can, what is in the file does not help: older pages in the log hide it.
        """
        return found >= self.frames or (found == 0 and self.copied >= self.frames)


def check_log(path: Path) -> None:
    """Refuse a journal whose log has lost commits. Nobody may have it open.

    Raises:
        JournalCorrupt: frames that were committed cannot be read.
        OSError, apsw.Error: it cannot be looked at.
    """
    try:
        claim = claim_of(_first(beside(path, "-shm"), INDEX_BYTES))
        header = _first(beside(path, "-wal"), LOG_BYTES)
    except FileNotFoundError:
        return
    if claim is None or len(header) < LOG_BYTES:
        return
    if is_whole(header) and header[16:24] != claim.salts:
        return  # The log was begun anew since: all that it held before is in the file.
    found = _frames(path)
    if not claim.is_met(found):
        log = beside(path, "-wal").name
        raise JournalCorrupt(
            f"cannot open {path}: its log {log} is damaged: of {claim.frames} pages that were"
            f" committed to it only the first {found} can be read",
            hint="keep all files for analysis, and restore the store from a backup; to go on with"
            f" what can be read, and lose the rest, remove {beside(path, '-shm').name}",
        )


def claim_of(index: bytes) -> Claim | None:
    """Read what an index says; None when it says nothing, or nothing that can be believed."""
    size = INDEX.size
    if len(index) < INDEX_BYTES or index[:size] != index[size : 2 * size]:
        return None
    fields = INDEX.unpack(index[:size])
    is_made, frames, salts, sums = fields[3], fields[6], fields[10], fields[11:]
    if not is_made or sums != checksum(index[:SUMMED_BYTES], Struct("=2I")):
        return None
    (copied,) = Struct("=I").unpack_from(index, COPIED_AT)
    return Claim(frames=frames, copied=copied, salts=salts)


def is_whole(header: bytes) -> bool:
    """Tell whether the header of a log fits its checksum."""
    pairs = Struct(">2I" if header[:4] == BIG_ENDIAN_MAGIC else "<2I")
    wanted = Struct(">2I").unpack(header[LOG_SUMMED_BYTES:LOG_BYTES])
    return checksum(header[:LOG_SUMMED_BYTES], pairs) == wanted


def checksum(data: bytes, pairs: Struct) -> tuple[int, int]:
    """Compute SQLite's checksum of a log."""
    one = two = 0
    for first, second in pairs.iter_unpack(data):
        one = (one + first + two) & 0xFFFFFFFF
        two = (two + second + one) & 0xFFFFFFFF
    return one, two


def _frames(path: Path) -> int:
    """Let SQLite read the log, into an index of its own in memory, and count what it can use."""
    flags = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
    connection = connect(f"{path.as_uri()}?mode=ro&vfs=unix-none", flags=flags)
    try:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.pragma("locking_mode", "exclusive")
        connection.pragma("user_version")  # Opens the log.
        row = connection.execute("PRAGMA wal_checkpoint(noop)").fetchone()
        return int(row[1]) if row is not None else 0
    finally:
        connection.close(True)


def _first(path: Path, count: int) -> bytes:
    with path.open("rb") as file:
        return file.read(count)
