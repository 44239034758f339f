"""Erasing parts of an event: the value and its salt go, the commitment stays.

So the leaf of the event can be made again for ever, and every proof over it stays valid; but nobody
can show the part any more, or find out whether a guess of it was right.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any, cast, final

import orjson

from interlock.audit.leaves import (
    NOTHING,
    SORTED,
    Erased,
    commitment,
    leaf_of,
    open_leaf,
    without_parts,
)
from interlock.errors import JournalCorrupt, ensure
from interlock.journal import open_envelope
from interlock.values import immutable

COMMITMENT = re.compile("[0-9a-f]{64}")


@final
@immutable()
class ErasedEvent:
    """A stored event without parts that were erased.

    Attributes:
        body, salts: what is left of them.
        erased: the commitments of the parts that were erased, as `read_erased` reads them.
    """

    body: bytes
    salts: bytes
    erased: bytes


def erase_parts(body: bytes, salts: bytes, erased: bytes, *, names: Collection[str]) -> ErasedEvent:
    """Take parts out of a stored event. What it does not have is left out of account.

    Args:
        body, salts, erased: the event as it is stored.
        names: of parts, as `docs/reference/leaves.md` lists them.

    Raises:
        JournalCorrupt: as for `leaf_of`; or `erased` is not what was written.
    """
    before = read_erased(erased)
    opened = open_leaf(body, salts, before)
    gone = {name: part for name, part in opened.parts.items() if name in names}
    after = dict(before) | {name: commitment(each.salt, each.value) for name, each in gone.items()}
    left = orjson.dumps(without_parts(open_envelope(body), gone), None, SORTED)
    kept = b"".join(part.salt for name, part in opened.parts.items() if name not in gone)
    ensure(leaf_of(left, kept, after) == opened.leaf, "the leaf of an event was to stay the same")
    return ErasedEvent(body=left, salts=kept, erased=_written(after))


def read_erased(data: bytes) -> Erased:
    """Read what is stored of the erased parts of an event; no bytes: there are none.

    Raises:
        JournalCorrupt: it is not what was written.
    """
    if not data:
        return NOTHING
    try:
        found: Any = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise JournalCorrupt(f"the list of erased parts is not JSON: {error}") from error
    erased = cast(Erased, found if isinstance(found, dict) else NOTHING)
    is_list = all(
        isinstance(each, str) and COMMITMENT.fullmatch(each)
        for each in cast(Mapping[str, object], erased).values()
    )
    if not is_list or _written(erased) != data:
        raise JournalCorrupt(f"not a list of erased parts: {data!r:.100}")
    return erased


def _written(erased: Erased) -> bytes:
    return orjson.dumps(erased, None, SORTED) if erased else b""
