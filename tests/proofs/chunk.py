"""Some trials of one part, in a process with one thread, so that it may fork.

`python -m proofs.chunk kills 350 50` makes the trials of the seeds from 350 to 399. The figures go
to stdout as JSON.
"""

import json
import signal
import sys
import tempfile
from pathlib import Path

from interlock.runtime import SystemClock
from proofs.counter import die_with_parent
from proofs.figures import Figures
from proofs.parts import PARTS, Part

IN_MEMORY = Path("/dev/shm")
"""An fsync costs nothing there. Nobody cuts the power: that is simulated elsewhere."""

STOPPED = 130


def proved(part: Part, seeds: range) -> Figures:
    """Make trials, in a folder that goes away."""
    clock = SystemClock()
    place = IN_MEMORY if IN_MEMORY.is_dir() else None
    with tempfile.TemporaryDirectory(dir=place, prefix="interlock-proof-") as folder:
        begun_ms = clock.now_ms()
        figures = part.prove(seeds, Path(folder))
        figures.seconds = (clock.now_ms() - begun_ms) / 1000
    return figures


def main() -> None:
    die_with_parent(signal.SIGINT)
    name, first, size = sys.argv[1:]
    try:
        found = proved(PARTS[name], range(int(first), int(first) + int(size)))
    except KeyboardInterrupt:
        sys.exit(STOPPED)
    sys.stdout.write(json.dumps(found.to_json()) + "\n")


if __name__ == "__main__":
    main()
