"""The tables of a journal file, and how an older file becomes a newer one.

Migrations are numbered by their place in `MIGRATIONS` and only ever go forward; the number that a
file has reached is its `user_version`. A migration that was released is never edited.

Bodies and values are opaque here. Erasure, when it comes, deletes rows of `value` and `blob`; it
must turn `secure_delete` on for its connection, so that freed pages are overwritten, and end with
a checkpoint that truncates the write-ahead log, where older images of pages live on. Until then
nothing is deleted and overwriting would only cost: it is off.
"""

from interlock.store.sqlite.connection import Connection
from interlock.store.sqlite.sums import let_compute

APPLICATION_ID = 0x494C4B31
"""`ILK1`, in bytes 68 to 71 of the file: how a journal is told from another program's database."""

# event: WITHOUT ROWID keeps the events of a run side by side, so that reading a run is one sweep
# (0.5 us an event, against 1.5 with a rowid and an index). value: rows of up to 16 KiB would leave
# four to a page in such a tree, and inserting values of 2 kB took twice as long: it has a rowid.
FIRST = """
CREATE TABLE event (
  run TEXT NOT NULL,
  seq INTEGER NOT NULL,
  epoch INTEGER NOT NULL,
  body BLOB NOT NULL,
  PRIMARY KEY (run, seq)
) STRICT, WITHOUT ROWID;

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
  execution TEXT
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX head_by_key ON head (key) WHERE key IS NOT NULL;
CREATE INDEX head_by_status ON head (status, run);

CREATE TABLE lease (
  run TEXT NOT NULL PRIMARY KEY,
  owner TEXT,
  epoch INTEGER NOT NULL,
  expires_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
"""

# inbox: a message that was taken stays, without its body, so that its id is known for good. The
# partial indexes hold only what somebody still has to do something about: a worker's question costs
# the same with a hundred thousand runs in the file.
SECOND = """
ALTER TABLE head ADD COLUMN wake_ms INTEGER;
ALTER TABLE head ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;
CREATE INDEX head_by_wake ON head (wake_ms) WHERE wake_ms IS NOT NULL;
CREATE INDEX head_by_turn ON head (priority DESC, run) WHERE status = 'queued';
CREATE INDEX lease_held ON lease (run) WHERE owner IS NOT NULL;

CREATE TABLE inbox (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  run TEXT NOT NULL,
  id TEXT NOT NULL,
  kind TEXT NOT NULL,
  body BLOB NOT NULL,
  actor TEXT NOT NULL,
  created_ms INTEGER NOT NULL,
  taken INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX inbox_by_id ON inbox (run, id);
CREATE INDEX inbox_left ON inbox (number) WHERE taken = 0;
CREATE INDEX inbox_left_by_run ON inbox (run, number) WHERE taken = 0;
"""

# Every row that matters has a checksum, see sums.py. What is in the file gets its own now.
THIRD = """
ALTER TABLE event ADD COLUMN sum INTEGER;
ALTER TABLE head ADD COLUMN sum INTEGER;
ALTER TABLE inbox ADD COLUMN sum INTEGER;
UPDATE event SET sum = sum_of_event(body, run, seq, epoch);
UPDATE head SET sum = sum_of_row(
  run, graph, plan, status, created_ms, updated_ms, key, execution, wake_ms, priority
);
UPDATE inbox SET sum = sum_of_row(run, id, kind, body, actor, created_ms) WHERE taken = 0;
"""

MIGRATIONS = (FIRST, SECOND, THIRD)

WITH_INBOX = 2
"""The first format whose runs have messages, times to wake up, and priorities."""

WITH_SUMS = 3


def migrate(connection: Connection) -> None:
    """Bring the tables of a file up to date, in one transaction."""
    version = version_of(connection)
    if version >= len(MIGRATIONS):
        return
    let_compute(connection)
    connection.execute("BEGIN IMMEDIATE")
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        connection.execute(script)
        connection.pragma("user_version", number)
    connection.pragma("application_id", APPLICATION_ID)
    connection.execute("COMMIT")


def version_of(connection: Connection) -> int:
    """Return how many migrations a file has been through; 0 for a new one."""
    return int(connection.pragma("user_version"))
