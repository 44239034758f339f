"""`interlock audit keys`: which keys sign the log of a store, and how they are replaced."""

import click

from interlock.cli.project.auditing import key_file, keys_json
from interlock.cli.project.pyproject import find_project, store_url
from interlock.cli.terminal.console import err, out, out_json
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, key_file_option, store_option
from interlock.cli.terminal.times import moment
from interlock.errors import UsageError
from interlock.notary import (
    KeyRing,
    change_keys,
    read_keys,
    with_ended_key,
    with_new_key,
)
from interlock.runtime import SystemClock


@click.command(epilog=example("interlock audit keys", "interlock audit keys --add"))
@click.option("--add", is_flag=True, help="Make the next key; it signs beside the others.")
@click.option("--end", metavar="ID", help="End a key: it signs no more, its private half is gone.")
@key_file_option
@store_option
@json_option
def keys(*, add: bool, end: str | None, key: str | None, store: str | None, as_json: bool) -> int:
    """List the public keys of the log of a store, or replace them.

    To replace a key, `--add` the next one, give its public half to whoever checks the log, and
    `--end` the old one when they have it. Until then both sign.
    """
    if add and end is not None:
        raise UsageError(
            "--add and --end are two steps", hint="end the old key when all know the new"
        )
    path = key_file(find_project(), store_url(find_project(), store), key)
    ring = read_keys(path)
    now_ms = SystemClock().now_ms()
    if add:
        ring = change_keys(path, lambda old: with_new_key(old, now_ms=now_ms))
    elif end is not None:
        ring = change_keys(path, lambda old: with_ended_key(old, end, now_ms=now_ms))
    if as_json:
        out_json(keys_json(ring, path))
    else:
        _say(ring)
        err(f"in {path}")
    return Exit.OK


def _say(ring: KeyRing) -> None:
    """Print a line for each key. A key is never cut: it is there to be copied."""
    states = [
        f"since {moment(key.made_ms)}"
        + ("" if key.ended_ms is None else f", ended {moment(key.ended_ms)}")
        for key in ring.keys
    ]
    wide = max(map(len, states))
    for key, state in zip(ring.keys, states, strict=True):
        word = "signs" if key.ended_ms is None else "ended"
        out(f"{word}  {state:<{wide}}  {key.public}")
