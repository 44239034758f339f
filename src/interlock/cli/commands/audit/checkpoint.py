"""`interlock audit checkpoint`: sign the log of a store as it is now."""

import asyncio

import click

from interlock.cli.project.pyproject import find_project
from interlock.cli.project.stores import to_read
from interlock.cli.terminal.console import out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, key_file_option, store_option
from interlock.cli.trail.signing import signing_of


@click.command(epilog=example("interlock audit checkpoint > checkpoint.txt"))
@key_file_option
@store_option
@json_option
def checkpoint(*, key: str | None, store: str | None, as_json: bool) -> int:
    """Sign the log of a store as it is now, and print the checkpoint.

    Keep it where nobody who can change the store can change it. From then on nothing that happened
    before can be changed or cut off unnoticed. The log must extend what was signed last: a store
    that was put back to an older copy is not signed. Witnesses that the project names are asked.
    """
    signing = signing_of(find_project(), key=key, store=store)
    with to_read(store) as journal:
        signed = asyncio.run(signing.sign(journal.store))
    if as_json:
        out_json(signing.json(signed))
    else:
        out(str(signed.note).removesuffix("\n"))
    return Exit.OK
