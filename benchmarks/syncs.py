"""How often a measured run asks the disk to be sure, as strace sees it."""

import shutil
from pathlib import Path

from benchmarks.harness import MARK_BEGIN, MARK_END

CALLS = "trace=fsync,fdatasync,?access,faccessat,?faccessat2"


def available() -> bool:
    """Tell whether strace is there."""
    return shutil.which("strace") is not None


def watch(trace: Path) -> list[str]:
    """Give the words to put before a command."""
    return ["strace", "-f", "-qq", "-o", str(trace), "-e", CALLS]


def count(trace: Path) -> int:
    """Count the fsyncs between the two marks that the stop watch leaves."""
    text = trace.read_text(errors="replace")
    timed = text.partition(MARK_BEGIN)[2].partition(MARK_END)[0]
    return timed.count("fsync(") + timed.count("fdatasync(")
