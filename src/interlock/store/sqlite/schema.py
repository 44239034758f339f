"""The tables of a journal file.

The format of a file is a number, its `user_version`. No Interlock that reads another format was
ever released, so there is one, and a file of any other is refused.

Bodies and values are opaque here. Only erasing and pruning delete; how they destroy what SQLite
leaves behind is told in scrubbing.py.
"""

from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.sums import sum_of_log

APPLICATION_ID = 0x494C4B31
"""`ILK1`, in bytes 68 to 71 of the file: how a journal is told from another program's database."""

FORMAT = 7
"""1 had events and values, 2 messages, 3 checksums, 4 the log, 5 erasure, 6 data subjects, and
events in the order of the log; 7 has ids of subjects that are made of key and name."""

# event: in the order of the log, since a table that only grows at its end has full pages and is
# written once. By run, an insert of a group of 50 runs touched a page for each of them, and their
# splits left a third of every page empty: a quarter more bytes to the disk. What it costs is one
# step more for each event when a run is read (1.5 us an event instead of 0.5).
#
# value: `ref` is the 32 bytes of a digest (references.py): text has 71, in the row and the index.
# Without a rowid, inserting values of 2 kB took twice as long: four rows to a page of such a tree.
#
# inbox: a message that was taken stays, without its body, so that its id is known for good. The
# partial indexes hold only what somebody still has to do something about: a worker's question costs
# the same with a hundred thousand runs in the file.
#
# log_part has the hashes of leaves, a row for each tile that a commit added to, log_root the roots
# of full tiles: all of it is written once. To put tiles into rows when they are full, and the open
# ones anew with each commit, was written twice and more. log_edge has one row: what is needed to
# append, and whether somebody has done so meanwhile.
#
# event: one that was pruned has an empty body, no salts and no commitments.
# event.erased has the commitments of parts that were erased, `unscrubbed` the leaves of erasures of
# which the file may still hold traces.
#
# Every row that matters has a checksum, see sums.py.
TABLES = """
CREATE TABLE event (
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  leaf INTEGER PRIMARY KEY,
  sum INTEGER NOT NULL,
  erased BLOB NOT NULL DEFAULT x'',
  salts BLOB NOT NULL,
  body BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX event_by_run ON event (run, seq);

CREATE TABLE value (
  run TEXT NOT NULL,
  ref BLOB NOT NULL,
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

CREATE TABLE log_part (
  leaf INTEGER PRIMARY KEY,
  sum INTEGER NOT NULL,
  hashes BLOB NOT NULL
) STRICT;

CREATE TABLE log_root (
  level INTEGER NOT NULL,
  place INTEGER NOT NULL,
  sum INTEGER NOT NULL,
  hash BLOB NOT NULL,
  PRIMARY KEY (level, place)
) STRICT, WITHOUT ROWID;

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
