"""`interlock retention`: what is kept for how long; each command is imported when it is called."""

from interlock.cli.commands.retention.group import retention as retention

__all__ = ["retention"]
