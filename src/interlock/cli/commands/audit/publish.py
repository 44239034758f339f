"""`interlock audit publish`: sign the log of a store, and write it into a folder for others."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import final

import click

from interlock.audit import SignedCheckpoint
from interlock.cli.auditing import publish_folder
from interlock.cli.console import counted, err, json_text, out, out_json, plain
from interlock.cli.exits import Exit
from interlock.cli.options import example, json_option, key_file_option, store_option
from interlock.cli.project import find_project, shown
from interlock.cli.signing import Signing, checkpoint_json, signing_of
from interlock.cli.stores import to_read
from interlock.errors import UsageError
from interlock.notary import CHECKPOINT, Published, publish as write_log
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
        made = asyncio.run(publishing.once())
        if as_json:
            out_json(made.json())
    else:
        asyncio.run(_again(publishing, _every_ms(every), as_json=as_json))
    return Exit.OK


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What was published, for programs."""

    signed: SignedCheckpoint
    done: Published
    publishing: "Publishing"

    def json(self) -> dict[str, Json]:
        """Describe it."""
        return {
            "folder": str(self.publishing.folder),
            "old_size": self.done.old_size,
            "tiles": self.done.tiles,
            **checkpoint_json(self.signed, self.publishing.signing),
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Publishing:
    """Which log is published where."""

    signing: Signing
    folder: Path
    store: str | None

    async def once(self) -> Made:
        """Sign, write, and say so on stderr."""
        with to_read(self.store) as journal:
            signed = await self.signing.sign(journal.store, published=self.folder / CHECKPOINT)
            done = write_log(
                journal.store, signed, key_file=self.signing.key_file, folder=self.folder
            )
        err(f"Published in {shown(self.folder)}: {counted(done.tiles, 'new tile')}")
        return Made(signed=signed, done=done, publishing=self)


async def _again(publishing: Publishing, every_ms: int, *, as_json: bool) -> None:
    """Publish until somebody asks to stop; a disk that is full now may not be so next time."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        if signal.getsignal(number) is not signal.SIG_IGN:
            loop.add_signal_handler(number, stop.set)
    while not stop.is_set():
        try:
            made = await publishing.once()
        except OSError as error:
            err(f"warning: not published: {plain(str(error))}")
        else:
            if as_json:
                out(json_text(made.json()))
        try:
            async with asyncio.timeout(every_ms / 1000):
                await stop.wait()
        except TimeoutError:
            continue


def _every_ms(text: str) -> int:
    every_ms = duration_ms(text)
    if every_ms < EVERY_MS_MIN:
        raise UsageError(f"--every {text} is less than a second", hint="such as --every 10m")
    return every_ms
