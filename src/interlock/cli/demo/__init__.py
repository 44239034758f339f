"""`interlock demo`: a release agent on a real project, from plan to replay."""

from interlock.cli.demo.actions import release_registry as release_registry
from interlock.cli.demo.main import main as main

__all__ = ["main", "release_registry"]
