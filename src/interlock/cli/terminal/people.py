"""Who is at the keyboard: as the operating system says, or as they say. Nobody checks it."""

import getpass
import os

from interlock.errors import JournalCorrupt
from interlock.journal import Actor, Principal, principal_in, principal_of


def user() -> Principal:
    """Return the user of this process, by number where there is no name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid-{os.getuid()}"
    return principal_of(name)


def name_of(actor: Actor) -> str:
    """Return the name of whoever decided, by which a quorum counts; of nobody outside, its text."""
    try:
        principal = principal_in(actor)
    except JournalCorrupt:
        return actor
    return principal.name if principal is not None else actor
