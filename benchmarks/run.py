"""Measure Interlock beside its peers: `python benchmarks/run.py --help`."""

import runpy
import sys
from pathlib import Path

if __name__ == "__main__":
    # Peers are imported by the names of their modules, which must not hide the real libraries:
    # the folder above stands on the path, and this one does not.
    sys.path[0] = str(Path(__file__).resolve().parents[1])
    runpy.run_module("benchmarks.comparison", run_name="__main__", alter_sys=True)
