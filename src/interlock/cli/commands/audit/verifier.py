"""`interlock audit verifier`: the second verifier, for people who have no Interlock."""

from pathlib import Path

import click

from interlock.cli.terminal.console import err
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.files import write_file
from interlock.cli.terminal.options import example
from interlock.cli.trail.evidence import verifier_page, verifier_script
from interlock.errors import UsageError

FORMS = {".html": verifier_page, ".mjs": verifier_script}


@click.command(epilog=example("interlock audit verifier verify.html"))
@click.argument("file", metavar="FILE")
def verifier(file: str) -> int:
    """Write the verifier that needs no Interlock to FILE: a .html page, or a .mjs for Node.

    It is plain JavaScript without dependencies. The page works offline, from a file: choose a
    receipt, or drop it on the page.
    """
    make = FORMS.get(Path(file).suffix)
    if make is None:
        raise UsageError(f"`{file}` is neither a .html nor a .mjs", hint="name it verify.html")
    write_file(file, [make()])
    err(f"verifier  {file}")
    return Exit.OK
