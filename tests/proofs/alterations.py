"""What somebody does to the rest of a file, or to what was published, and not to events.

Each does one thing and returns the first place of the log that it is about, or None. What is about
no place is about the end of the log.
"""

from collections.abc import Callable
from random import Random
from typing import Any

from interlock.audit import HASH_BYTES, TileName
from interlock.store.sqlite.sums import sum_of_log

TABLES = ("event", "value", "blob", "head", "lease", "inbox", "log_part", "log_root", "log_edge")

Change = Callable[[Any, Random, int], int | None]
"""Does something to a journal file, whose log has so many events."""


def edit_edge(connection: Any, random: Random, size: int) -> int | None:
    """Change what the next events will be appended to; nothing is appended yet."""
    ((peaks,),) = connection.execute("SELECT frontier FROM log_edge").fetchall()
    changed = bytearray(peaks)
    changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    found = sum_of_log(size, bytes(changed))
    connection.execute("UPDATE log_edge SET frontier = ?, sum = ?", (bytes(changed), found))
    return size


def add_trigger(connection: Any, random: Random, size: int) -> int | None:
    table = random.choice(TABLES)
    connection.execute(f"CREATE TRIGGER spy AFTER INSERT ON {table} BEGIN SELECT 1; END")
    return size


def change_indexes(connection: Any, random: Random, size: int) -> int | None:
    of_ours = "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL"
    names = [name for (name,) in connection.execute(of_ours).fetchall()]
    if random.random() < 0.5:
        connection.execute(f"DROP INDEX {random.choice(names)}")
    else:
        connection.execute(f"CREATE INDEX another ON {random.choice(TABLES)} (1)")
    return size


def change_columns(connection: Any, random: Random, size: int) -> int | None:
    table = random.choice(TABLES)
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})").fetchall()]
    if random.random() < 0.5:
        connection.execute(f"ALTER TABLE {table} ADD COLUMN another TEXT")
    else:
        column = random.choice(columns)
        connection.execute(f"ALTER TABLE {table} RENAME COLUMN {column} TO another")
    return size


def drop_table(connection: Any, random: Random, size: int) -> int | None:
    connection.execute(f"DROP TABLE {random.choice(TABLES)}")
    return size


def add_hashes(connection: Any, random: Random, size: int) -> int | None:
    """Put a hash where one of the next events will have its own."""
    row = (size + random.randrange(1000), random.randbytes(HASH_BYTES))
    connection.execute("INSERT INTO log_part (leaf, sum, hashes) VALUES (?, 0, ?)", row)
    return size


def edit_listing(connection: Any, random: Random, size: int) -> int | None:
    rows = connection.execute("SELECT run FROM head").fetchall()
    column = random.choice(("graph", "plan", "status", "created_ms", "updated_ms", "execution"))
    value = random.randrange(1000) if column.endswith("_ms") else "another"
    (run,) = random.choice(rows)
    connection.execute(f"UPDATE head SET {column} = ? WHERE run = ?", (value, run))
    return size


def edit_tile(tiles: dict[TileName, bytes], random: Random) -> int | None:
    name = random.choice(list(tiles))
    changed = bytearray(tiles[name])
    offset = random.randrange(len(changed))
    changed[offset] ^= 1 << random.randrange(8)
    tiles[name] = bytes(changed)
    return place_of(name, offset // HASH_BYTES)


def shorten_tile(tiles: dict[TileName, bytes], random: Random) -> int | None:
    name = random.choice(list(tiles))
    tiles[name] = tiles[name][: random.randrange(len(tiles[name]))]
    return place_of(name)


def exchange_tiles(tiles: dict[TileName, bytes], random: Random) -> int | None:
    one, two = random.choice(list(tiles)), random.choice(list(tiles))
    if tiles[one] == tiles[two]:
        return None
    tiles[one], tiles[two] = tiles[two], tiles[one]
    return max(place_of(one), place_of(two)) + 255


def drop_tile(tiles: dict[TileName, bytes], random: Random) -> int | None:
    """Remove a tile of the last checkpoint; those of earlier ones may go."""
    name = random.choice(list(tiles))
    widest = max(
        each.width for each in tiles if (each.level, each.index) == (name.level, name.index)
    )
    if name.width != widest:
        return None
    del tiles[name]
    return place_of(name)


def place_of(name: TileName, at: int = 0) -> int:
    return (name.index * 256 + at) << 8 * (name.level or 0)


OF_FILE: dict[str, Change] = {
    "the edge": edit_edge,
    "a trigger": add_trigger,
    "an index": change_indexes,
    "a column": change_columns,
    "a table": drop_table,
    "hashes beyond the log": add_hashes,
    "a listing": edit_listing,
}

OF_PUBLISHED: dict[str, Callable[[dict[TileName, bytes], Random], int | None]] = {
    "a published hash": edit_tile,
    "a published tile, shortened": shorten_tile,
    "a published tile, missing": drop_tile,
    "published tiles, exchanged": exchange_tiles,
}
