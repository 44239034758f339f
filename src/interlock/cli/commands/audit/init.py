"""`interlock audit init`: make the key that signs the log of a store."""

from pathlib import Path
from shlex import join

import click

from interlock.cli.project.auditing import key_file, keys_json
from interlock.cli.project.pyproject import find_project, store_url
from interlock.cli.terminal.console import err, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, key_file_option, store_option
from interlock.notary import KeyRing, create_keys, new_ring
from interlock.runtime import SystemClock


@click.command(epilog=example("interlock audit init > log.pub"))
@click.option(
    "--name", metavar="NAME", help="What the log is called, for good; a random name unless told."
)
@key_file_option
@store_option
@json_option
def init(*, name: str | None, key: str | None, store: str | None, as_json: bool) -> int:
    """Make the key that signs the log of a store.

    The private half is written into a file that only you can read, outside of the store, and is
    never shown. The public half is printed: give it to whoever is to check your log. A key that is
    there is left alone. Back the file up: without it, this log signs no more checkpoints.
    """
    path = key_file(find_project(), store_url(find_project(), store), key)
    ring = new_ring(name, now_ms=SystemClock().now_ms())
    create_keys(path, ring)
    if as_json:
        out_json(keys_json(ring, path))
    else:
        _say(ring, path, sign=_sign_command(key=key, store=store))
    return Exit.OK


def _say(ring: KeyRing, path: Path, *, sign: str) -> None:
    out(str(ring.keys[0].public))
    err(f"Made the key of the log `{ring.name}`: {path.resolve()}")
    err("Its public half is on stdout: give it to whoever is to check your log. Now:")
    err(f"  {sign}")


def _sign_command(*, key: str | None, store: str | None) -> str:
    """Write the command that signs with this key; pasted, it works."""
    words = ["interlock", "audit", "checkpoint"]
    words += ["--key", key] if key is not None else []
    words += ["--store", store] if store is not None else []
    return join(words)
