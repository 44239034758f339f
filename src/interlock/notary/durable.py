"""Files that are replaced as a whole, and stay replaced."""

import os
from pathlib import Path

PART = ".part"


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file; when this returns, the new one is there even after a loss of power.

    Whoever reads at any time, or after a crash at any point, finds the old file or the new one,
    whole. The file is for its owner alone.
    """
    part = path.with_name(path.name + PART)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
