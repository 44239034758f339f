"""What the numbers were measured on."""

import os
import platform
import sqlite3
import statistics
import subprocess
import time
from datetime import UTC, datetime
from pathlib import Path

PROBES = 200
PAGE = 4096
ONE_LINE = (
    "{cpu}, {cores} cores, {memory_gib} GiB, {file_system}, "
    "fdatasync of 4 KiB {fdatasync_us} us, {system}, Python {python}, SQLite {sqlite}, "
    "commit {commit}, {date}, load {load}"
)


def cpu() -> str:
    """Name the processor."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def memory_gib() -> float:
    """Measure the memory of the machine."""
    return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)


def file_system(folder: Path) -> str:
    """Name the kind of file system that a folder is on."""
    try:
        mounts = [line.split()[1:3] for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return "unknown"
    above = [mount for mount in mounts if folder.resolve().is_relative_to(mount[0])]
    return max(above, key=lambda mount: len(mount[0]))[1] if above else "unknown"


def fdatasync_us(folder: Path) -> float:
    """Measure what it costs to append a page to a file and have it on the disk (median)."""
    path, page, taken = folder / "probe", os.urandom(PAGE), list[float]()
    file = os.open(path, os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(PROBES):
            start = time.perf_counter()
            os.write(file, page)
            os.fdatasync(file)
            taken.append((time.perf_counter() - start) * 1e6)
    finally:
        os.close(file)
        path.unlink()
    return round(statistics.median(taken))


def commit() -> str:
    """Name the commit that is measured, and whether it was changed."""
    command = ["git", "describe", "--always", "--dirty", "--exclude=*"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=Path(__file__).parent
    )
    return done.stdout.strip() or "unknown"


def describe(folder: Path) -> dict[str, str | float]:
    """Describe the machine, the interpreter and the disk under a folder."""
    return {
        "date": datetime.now(tz=UTC).isoformat(timespec="seconds"),
        "commit": commit(),
        "cpu": cpu(),
        "cores": os.cpu_count() or 0,
        "memory_gib": memory_gib(),
        "system": platform.platform(terse=True),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "file_system": file_system(folder),
        "fdatasync_us": fdatasync_us(folder),
        "load": round(os.getloadavg()[0], 2),
    }


def one_line(facts: dict[str, str | float]) -> str:
    """Say it in one line."""
    return ONE_LINE.format(**facts)
