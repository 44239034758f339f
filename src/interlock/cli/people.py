"""Who is at the keyboard."""

import getpass
import os


def user() -> str:
    """Return the name of the user of this process, or its number when it has none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid-{os.getuid()}"
