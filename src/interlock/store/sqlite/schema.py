"""The tables of a journal file.

The format of a file is a number, its `user_version`. No Interlock that reads another format was
ever released, so there is one, and a file of any other is refused.

Bodies and values are opaque here. Only erasure deletes; how it destroys what SQLite leaves behind
is told in scrubbing.py.
"""

from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.sums import sum_of_log

APPLICATION_ID = 0x494C4B31
"""`ILK1`, in bytes 68 to 71 of the file: how a journal is told from another program's database."""

FORMAT = 6
"""1 had events and values, 2 messages, 3 checksums, 4 the log, 5 erasure; 6 has data subjects."""

# event: WITHOUT ROWID keeps the events of a run side by side, so that reading a run is one sweep
# (0.5 us an event, against 1.5 with a rowid and an index). value: rows of up to 16 KiB would leave
# four to a page in such a tree, and inserting values of 2 kB took twice as long: it has a rowid.
#
# inbox: a message that was taken stays, without its body, so that its id is known for good. The
# partial indexes hold only what somebody still has to do something about: a worker's question costs
# the same with a hundred thousand runs in the file.
#
# log_tile has the full tiles of the log, and the open ones of the levels above 0. The open one of
# level 0 is in parts, log_part, one for each commit that added to it, until it is full: to write it
# anew, 4 KB on average, cost a commit of one event 5 us more. log_edge has one row: what is needed
# to append, and whether somebody has done so meanwhile.
#
# event.erased has the commitments of parts that were erased, `unscrubbed` the leaves of erasures of
# which the file may still hold traces.
#
# Every row that matters has a checksum, see sums.py.
TABLES = """
CREATE TABLE event (
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  leaf INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  erased BLOB NOT NULL DEFAULT x'',
  salts BLOB NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX event_by_leaf ON event (leaf);

CREATE TABLE value (
  run TEXT NOT NULL,
  ref TEXT NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (run, ref)
) STRICT;

CREATE TABLE blob (
  ref TEXT NOT NULL PRIMARY KEY,
  data BLOB NOT NULL
) STRICT;

CREATE TABLE head (
  run TEXT NOT NULL PRIMARY KEY,
  graph TEXT NOT NULL,
  plan TEXT NOT NULL,
  status TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  key TEXT,
  execution TEXT,
  wake_ms INTEGER,
  priority INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX head_by_key ON head (key) WHERE key IS NOT NULL;
CREATE INDEX head_by_status ON head (status, run);
CREATE INDEX head_by_wake ON head (wake_ms) WHERE wake_ms IS NOT NULL;
CREATE INDEX head_by_turn ON head (priority DESC, run) WHERE status = 'queued';

CREATE TABLE lease (
  run TEXT NOT NULL PRIMARY KEY,
  owner TEXT,
  epoch INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_held ON lease (run) WHERE owner IS NOT NULL;

CREATE TABLE inbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  body BLOB NOT NULL,
  actor TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  taken INTEGER NOT NULL DEFAULT 0,
  sum INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX inbox_by_id ON inbox (run, id);
CREATE INDEX inbox_left ON inbox (number) WHERE taken = 0;
CREATE INDEX inbox_left_by_run ON inbox (run, number) WHERE taken = 0;

CREATE TABLE log_tile (
  level INTEGER NOT NULL,
  tile INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  hashes BLOB NOT NULL,
  PRIMARY KEY (level, tile)
) STRICT;

CREATE TABLE log_part (
  leaf INTEGER PRIMARY KEY,
  sum INTEGER NOT NULL,
  hashes BLOB NOT NULL
) STRICT;

CREATE TABLE log_edge (
  size INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  frontier BLOB NOT NULL
) STRICT;

CREATE TABLE subject (
  id TEXT NOT NULL PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  key BLOB NOT NULL,
  sum INTEGER NOT NULL
) STRICT;

CREATE TABLE unscrubbed (
  leaf INTEGER PRIMARY KEY
) STRICT;
"""

EMPTY_LOG = "INSERT INTO log_edge (size, sum, frontier) VALUES (0, ?, x'')"


def make_tables(connection: Connection) -> None:
    """Make the tables of a new file, in one transaction."""
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(TABLES)
    connection.execute(EMPTY_LOG, (sum_of_log(0, b""),))
    connection.pragma("user_version", FORMAT)
    connection.pragma("application_id", APPLICATION_ID)
    connection.execute("COMMIT")


def format_of(connection: Connection) -> int:
    """Return the format of a file; 0 for a new one."""
    return int(connection.pragma("user_version"))
