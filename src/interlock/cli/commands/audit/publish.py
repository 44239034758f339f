"""`interlock audit publish`: sign the log of a store, and write it into a folder for others."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import final

import click

from interlock.cli.project.auditing import publish_folder
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.stores import to_read
from interlock.cli.terminal.console import err, json_text, out, out_json, plain, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, key_file_option, store_option
from interlock.cli.trail.signing import Signing, signing_of
from interlock.errors import UsageError
from interlock.values import Json, duration_ms

EVERY_MS_MIN = 1_000


@click.command(epilog=example("interlock audit publish public/log"))
@click.argument("folder", required=False)
@click.option("--every", metavar="DURATION", help="Do it again and again, such as every 10m.")
@key_file_option
@store_option
@json_option
def publish(
    *, folder: str | None, every: str | None, key: str | None, store: str | None, as_json: bool
) -> int:
    """Sign the log of a store, and write the checkpoint and its tiles into FOLDER.

    Any web server can serve the folder as it is: there are only hashes in it, and it is whole at
    any time. Only what is new is written. With --every it goes on until Ctrl-C, and --json prints
    one line each time. Without FOLDER it is `publish` of [tool.interlock.audit].
    """
    project = find_project()
    publishing = Publishing(
        signing=signing_of(project, key=key, store=store),
        folder=publish_folder(project, folder),
        store=store,
    )
    if every is None:
        told = asyncio.run(publishing.once())
        if as_json:
            out_json(told)
    else:
        asyncio.run(publishing.again(_every_ms(every), as_json=as_json))
    return Exit.OK


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Which log is published where."""

    signing: Signing
    folder: Path
    store: str | None

    async def once(self) -> dict[str, Json]:
        """Sign and write, and say so on stderr."""
        with to_read(self.store) as journal:
            signed, done = await self.signing.publish(journal.store, self.folder)
        return {
            "folder": str(self.folder),
            "old_size": done.old_size,
            "tiles": done.tiles,
            **self.signing.json(signed),
        }

    async def again(self, every_ms: int, *, as_json: bool) -> None:
        """Do it until somebody asks to stop; a disk that is full now may not be so next time."""
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(number) is not signal.SIG_IGN:
                loop.add_signal_handler(number, stop.set)
        while not stop.is_set():
            try:
                told = await self.once()
            except OSError as error:
                err(tinted(f"warning: not published: {plain(str(error))}"))
            else:
                if as_json:
                    out(json_text(told))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), every_ms / 1000)


def _every_ms(text: str) -> int:
    every_ms = duration_ms(text)
    if every_ms < EVERY_MS_MIN:
        raise UsageError(f"--every {text} is less than a second", hint="such as --every 10m")
    return every_ms
