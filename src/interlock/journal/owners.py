"""Ids of owners: whoever reads a lease can tell which process holds it."""

import re
from typing import NewType

OwnerId = NewType("OwnerId", str)

_NAMED = re.compile(r"(.+)-(\d+)-[0-9a-f]+")


def owner_id(*, host: str, process: int, salt: bytes) -> OwnerId:
    """Make the id of an owner in a process: host, process and a part of its own."""
    return OwnerId(f"{host}-{process}-{salt.hex()}")


def process_of(owner: OwnerId) -> tuple[str, int] | None:
    """Return host and process of an owner; None when its id names none."""
    named = _NAMED.fullmatch(owner)
    return (named[1], int(named[2])) if named else None
