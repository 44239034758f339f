"""`interlock audit`: what is for auditors; each command is imported when it is called."""

from interlock.cli.commands.audit.group import audit as audit

__all__ = ["audit"]
