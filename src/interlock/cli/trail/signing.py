"""Signing and publishing the log of a store on the command line, and what is said about it."""

import asyncio
import base64
from dataclasses import dataclass
from pathlib import Path
from typing import final

from interlock.audit import Algorithm, SignedCheckpoint, verified_signatures
from interlock.cli.project.auditing import key_file, publish_setting, signs_after_runs
from interlock.cli.project.endorsing import endorsed_lines, project_endorsers
from interlock.cli.project.pyproject import Project, shown, store_url
from interlock.cli.project.stores import Journal, path_of
from interlock.cli.terminal.console import counted, err, plain, tinted
from interlock.errors import InterlockError
from interlock.notary import (
    CHECKPOINT,
    Endorsers,
    Published,
    endorse,
    last_signed,
    publish,
    read_keys,
    sign_log,
)
from interlock.runtime import SystemClock
from interlock.store import Log, Store
from interlock.values import Json


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Signing:
    """With which key a log is signed, and who is asked to speak for it."""

    key_file: Path
    endorsers: Endorsers

    async def sign(self, log: Log, *, published: Path | None = None) -> SignedCheckpoint:
        """Sign a log, have it endorsed, and say on stderr what became of that."""
        before = last_signed(self.key_file, read_keys(self.key_file))
        signed = sign_log(log, self.key_file, published=published)
        err(_words(signed, before))
        endorsed = await endorse(
            log,
            signed,
            self.endorsers,
            key_file=self.key_file,
            now_ms=SystemClock().now_ms(),
            before=before,
        )
        for line in endorsed_lines(endorsed):
            err(tinted(line))
        return endorsed.signed

    async def publish(self, log: Log, folder: Path) -> tuple[SignedCheckpoint, Published]:
        """Sign a log, and bring a folder up to it."""
        signed = await self.sign(log, published=folder / CHECKPOINT)
        done = publish(log, signed, key_file=self.key_file, folder=folder)
        err(f"Published in {shown(folder)}: {counted(done.tiles, 'new tile')}")
        return signed, done

    def json(self, signed: SignedCheckpoint) -> dict[str, Json]:
        """Describe a checkpoint for programs."""
        checkpoint = signed.checkpoint
        by: list[Json] = [
            str(found.key) for found in signed.verified if found.key.algorithm is Algorithm.ED25519
        ]
        cosigned: list[Json] = [
            {"key": str(found.key), "time_s": found.time_s}
            for found in verified_signatures(
                signed.note, [each.key for each in self.endorsers.witnesses]
            )
        ]
        return {
            "origin": checkpoint.origin,
            "size": checkpoint.tree.size,
            "root": base64.b64encode(checkpoint.tree.root).decode(),
            "signed_by": by,
            "cosigned_by": cosigned,
            "note": str(signed.note),
        }


def signing_of(project: Project, *, key: str | None, store: str | None) -> Signing:
    """Find out how the log of a store is signed.

    Raises:
        UsageError: the settings are wrong, or the key would be beside the store.
    """
    path = key_file(project, store_url(project, store), key)
    return Signing(key_file=path, endorsers=project_endorsers(project))


def sign_ended(journal: Journal[Store]) -> None:
    """Sign the log after runs have ended, and publish it, as far as the project says so.

    Only that of the project's own store: with `--store` it is another log. What goes wrong is told
    and changes nothing: the runs have ended all the same.
    """
    project = journal.project
    try:
        if not signs_after_runs(project) or not _is_own(journal):
            return
        signing = signing_of(project, key=None, store=journal.store_option)
        folder = publish_setting(project)
        if folder is None:
            asyncio.run(signing.sign(journal.store))
        else:
            asyncio.run(signing.publish(journal.store, folder))
    except InterlockError as error:
        err(tinted(f"warning[{error.code}]: the log is not signed: {error.message}"))
        err(tinted(f"hint: {error.hint}"))
    except OSError as error:
        err(tinted(f"warning: the log is not signed: {plain(str(error))}"))


def _is_own(journal: Journal[Store]) -> bool:
    own, path = path_of(store_url(journal.project, None)), path_of(journal.url)
    return own is not None and path is not None and own.resolve() == path.resolve()


def _words(signed: SignedCheckpoint, before: SignedCheckpoint | None) -> str:
    """Say in one line what was signed."""
    checkpoint = signed.checkpoint
    events = counted(checkpoint.tree.size, "event")
    if before is None:
        return f"Signed the log `{plain(checkpoint.origin)}`: {events}"
    new = checkpoint.tree.size - before.checkpoint.tree.size
    told = f"{new:,} new since the last checkpoint" if new else "nothing new"
    return f"Signed the log `{plain(checkpoint.origin)}`: {events}, {told}"
