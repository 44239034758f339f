"""A batch as one SQL statement: the rows that it is given, and what becomes of them.

apsw lets go of the GIL in every step of a statement, and to have it
back from a thread that is busy in Python one waits for the switch interval, 5 ms; the event loop
is such a thread exactly when there is most to write. So what counts is how often a commit steps.
Measured for 1,000 rows (500 events of 400 bytes and 500 values of 150), in a commit, beside a
thread that spins and alone (SQLite 3.54, Python 3.11, 2 cores):

    executemany, a step a row                                508 ms    1.7 ms
    VALUES of 64, 16, 4 and 1 rows, in a transaction         112 ms    2.4 ms
    the same with 1,024 and 256 rows too                      80 ms    2.0 ms
    one carray a table: begin, insert, insert, commit         18 ms    1.8 ms
    one carray into a view with a trigger a kind of row       11 ms    2.3 ms

The last is what stands below. Python packs every row into one byte string; `carray` hands them to
SQLite, which never calls back; the statement takes kind and run off them, and the triggers of the
view check, insert, ignore and upsert. The statement is its own transaction: it is atomic without
a `BEGIN`, and the commit with its fsync happens in its one step. One carray a column, joined by
rowid, was tried too: it is quadratic.
"""

from collections.abc import Generator, Iterable
from zlib import crc32

import orjson

from interlock.journal import RunHead
from interlock.store.batch import RunPart
from interlock.store.growing import Grown
from interlock.store.protocol import INLINE_BYTES_MAX
from interlock.store.sqlite.references import value_key
from interlock.store.sqlite.sums import sum_of_log, sum_of_part, sum_of_root, sum_of_row
from interlock.values import ValueRef

# A row is a letter for its kind, the run, a zero byte, and what the kind needs:
#   c  check: epoch, first seq          r  root of a tile: level, place, sum, hash
#   e  event: sum, seq, epoch, index of the leaf, length of the salts, salts, body
#   g  log: size before and after, sum, frontier            p  part of a tile: leaf, sum, hashes
#   v  value: length of the key, key, data                  h  head: JSON of its columns
#   b  blob: ref, a zero byte, data
#   l  lease: epoch, time of expiry, owner (none lets it go)            t  a message taken: its id
# Numbers have 19 digits, the width of an int64, so that they are found by position; sums have 10.
# Each row asks all triggers of its view whether it is theirs. Most rows are events and values: the
# others are handed on to a view of their own.
BATCH = """
CREATE TEMP VIEW batch AS SELECT NULL AS kind, NULL AS run, NULL AS item;
CREATE TEMP VIEW batch_other AS SELECT NULL AS kind, NULL AS run, NULL AS item;

CREATE TEMP TRIGGER put_other INSTEAD OF INSERT ON batch WHEN NEW.kind NOT IN ('e', 'v') BEGIN
  INSERT INTO batch_other (kind, run, item) VALUES (NEW.kind, NEW.run, NEW.item);
END;

CREATE TEMP TRIGGER check_run INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'c' BEGIN
  SELECT RAISE(ABORT, 'fenced') FROM lease
    WHERE run = NEW.run AND epoch > CAST(substr(NEW.item, 1, 19) AS INTEGER);
  SELECT RAISE(ABORT, 'out of order')
    WHERE coalesce((SELECT max(seq) FROM event WHERE run = NEW.run), 0)
      <> CAST(substr(NEW.item, 20, 19) AS INTEGER) - 1;
END;

CREATE TEMP TRIGGER put_event INSTEAD OF INSERT ON batch WHEN NEW.kind = 'e' BEGIN
  INSERT INTO event (run, seq, epoch, leaf, sum, salts, body) VALUES (
    NEW.run,
    CAST(substr(NEW.item, 11, 19) AS INTEGER),
    CAST(substr(NEW.item, 30, 19) AS INTEGER),
    CAST(substr(NEW.item, 49, 19) AS INTEGER),
    CAST(substr(NEW.item, 1, 10) AS INTEGER),
    substr(NEW.item, 71, CAST(substr(NEW.item, 68, 3) AS INTEGER)),
    substr(NEW.item, 71 + CAST(substr(NEW.item, 68, 3) AS INTEGER))
  );
END;

CREATE TEMP TRIGGER put_part INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'p' BEGIN
  INSERT INTO log_part (leaf, sum, hashes) VALUES (
    CAST(substr(NEW.item, 1, 19) AS INTEGER),
    CAST(substr(NEW.item, 20, 10) AS INTEGER),
    substr(NEW.item, 30)
  );
END;

CREATE TEMP TRIGGER put_root INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'r' BEGIN
  INSERT INTO log_root (level, place, sum, hash) VALUES (
    CAST(substr(NEW.item, 1, 19) AS INTEGER),
    CAST(substr(NEW.item, 20, 19) AS INTEGER),
    CAST(substr(NEW.item, 39, 10) AS INTEGER),
    substr(NEW.item, 49)
  );
END;

CREATE TEMP TRIGGER grow_log INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'g' BEGIN
  SELECT RAISE(ABORT, 'the log has grown')
    WHERE (SELECT size FROM log_edge) <> CAST(substr(NEW.item, 1, 19) AS INTEGER);
  UPDATE log_edge SET
    size = CAST(substr(NEW.item, 20, 19) AS INTEGER),
    sum = CAST(substr(NEW.item, 39, 10) AS INTEGER),
    frontier = substr(NEW.item, 49);
END;

CREATE TEMP TRIGGER put_value INSTEAD OF INSERT ON batch WHEN NEW.kind = 'v' BEGIN
  INSERT OR IGNORE INTO value (run, ref, data) VALUES (
    NEW.run,
    substr(NEW.item, 4, CAST(substr(NEW.item, 1, 3) AS INTEGER)),
    substr(NEW.item, 4 + CAST(substr(NEW.item, 1, 3) AS INTEGER))
  );
END;

CREATE TEMP TRIGGER put_blob INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'b' BEGIN
  INSERT OR IGNORE INTO blob (ref, data) VALUES (
    CAST(substr(NEW.item, 1, instr(NEW.item, x'00') - 1) AS TEXT),
    substr(NEW.item, instr(NEW.item, x'00') + 1)
  );
END;

CREATE TEMP TRIGGER take INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 't' BEGIN
  SELECT RAISE(ABORT, 'not in the inbox') WHERE NOT EXISTS (
    SELECT 1 FROM inbox WHERE run = NEW.run AND id = CAST(NEW.item AS TEXT) AND taken = 0);
  UPDATE inbox SET taken = 1, body = x'' WHERE run = NEW.run AND id = CAST(NEW.item AS TEXT);
END;

CREATE TEMP TRIGGER put_lease INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'l' BEGIN
  INSERT INTO lease (run, epoch, expires_ms, owner) VALUES (
    NEW.run,
    CAST(substr(NEW.item, 1, 19) AS INTEGER),
    CAST(substr(NEW.item, 20, 19) AS INTEGER),
    nullif(CAST(substr(NEW.item, 39) AS TEXT), '')
  ) ON CONFLICT (run) DO UPDATE SET
    owner = excluded.owner, epoch = excluded.epoch, expires_ms = excluded.expires_ms;
END;

CREATE TEMP TRIGGER put_head INSTEAD OF INSERT ON batch_other WHEN NEW.kind = 'h' BEGIN
  INSERT INTO head (
    run, graph, plan, status, created_ms, updated_ms, key, execution, wake_ms, priority, sum
  )
    SELECT NEW.run,
      j ->> 0, j ->> 1, j ->> 2, j ->> 3, j ->> 4, j ->> 5, j ->> 6, j ->> 7, j ->> 8, j ->> 9
    FROM (SELECT CAST(NEW.item AS TEXT) AS j) WHERE TRUE
    ON CONFLICT (run) DO UPDATE SET
      graph = excluded.graph, plan = excluded.plan, status = excluded.status,
      created_ms = excluded.created_ms, updated_ms = excluded.updated_ms,
      key = excluded.key, execution = excluded.execution,
      wake_ms = excluded.wake_ms, priority = excluded.priority, sum = excluded.sum;
END;
"""

WRITE = """
INSERT INTO batch (kind, run, item)
SELECT
  CAST(substr(value, 1, 1) AS TEXT),
  CAST(substr(value, 2, instr(value, x'00') - 2) AS TEXT),
  substr(value, instr(value, x'00') + 1)
FROM carray(?)
"""


def log_rows(size: int, new: Grown) -> Generator[bytes]:
    """Pack what the log becomes, with the check that nobody has added to it meanwhile."""
    peaks, new_size = new.frontier.to_bytes(), new.frontier.size
    yield b"g\0%019d%019d%010d%b" % (size, new_size, sum_of_log(new_size, peaks), peaks)
    for leaf, hashes in new.parts():
        yield b"p\0%019d%010d%b" % (leaf, sum_of_part(leaf, hashes), hashes)
    for root in new.roots:
        found = sum_of_root(root.level, root.index, root.hash)
        yield b"r\0%019d%019d%010d%b" % (root.level, root.index, found, root.hash)


def rows(parts: Iterable[RunPart], *, leaf: int, shared: set[ValueRef]) -> Generator[bytes]:
    """Pack a batch, run by run, each with its check first and its head last.

    Without the values that are `shared` and were written before; what is new is added to them.
    """
    for part in parts:
        run = part.run.encode() + b"\0"
        event, value, blob = b"e" + run, b"v" + run, b"b" + run
        start = crc32(run)
        yield b"c%b%019d%019d" % (run, part.epoch, part.first)
        for record in part.records:
            salts = record.salts
            columns = (record.seq, record.epoch, leaf, len(salts), salts, record.body)
            row = b"%019d%019d%019d%03d%b%b" % columns
            yield b"%b%010d%b" % (event, crc32(row, start), row)
            leaf += 1
            for stored in record.values:
                data = stored.data
                if stored.shared:
                    if stored.ref not in shared:
                        shared.add(stored.ref)
                        yield b"%b%b\0%b" % (blob, stored.ref.encode(), data)
                elif len(data) > INLINE_BYTES_MAX:
                    yield b"%b%b\0%b" % (blob, stored.ref.encode(), data)
                else:
                    key = value_key(stored.ref)
                    yield b"%b%03d%b%b" % (value, len(key), key, data)
        for message in part.taken:
            yield b"t%b%b" % (run, message.encode())
        if part.head is not None:
            yield head_row(part.head)
        if part.lease is not None:
            owner = (part.lease.owner or "").encode()
            yield b"l%b%019d%019d%b" % (run, part.epoch, part.lease.expires_ms, owner)


def head_row(head: RunHead) -> bytes:
    """Pack the row of a run in listings."""
    columns = (
        head.graph,
        head.plan,
        head.status,
        head.created_ms,
        head.updated_ms,
        head.key,
        head.execution,
        head.wake_ms,
        head.priority,
    )
    packed = orjson.dumps((*columns, sum_of_row(head.run, *columns)))
    return b"h%b\0%b" % (head.run.encode(), packed)
