"""The command line: `interlock` is `main`. Each command is imported when it is called."""

from interlock.cli.program import main as main, program as program

__all__ = ["main", "program"]
