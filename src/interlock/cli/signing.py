"""Signing the log of a store on the command line, and what is said about it."""

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import final

from interlock.audit import Algorithm, SignedCheckpoint, verified_signatures
from interlock.cli.auditing import key_file
from interlock.cli.console import counted, err, plain
from interlock.cli.endorsing import endorsed_lines, project_endorsers
from interlock.cli.project import Project, store_url
from interlock.notary import Endorsers, endorse, last_signed, read_keys, sign_log
from interlock.store import Log
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
        endorsed = await endorse(log, signed, self.endorsers, key_file=self.key_file, before=before)
        err(checkpoint_words(signed, before))
        for line in endorsed_lines(endorsed):
            err(line)
        return endorsed.signed


def signing_of(project: Project, *, key: str | None, store: str | None) -> Signing:
    """Find out how the log of a store is signed.

    Raises:
        UsageError: the settings are wrong, or the key would be beside the store.
    """
    path = key_file(project, store_url(project, store), key)
    return Signing(key_file=path, endorsers=project_endorsers(project))


def checkpoint_words(signed: SignedCheckpoint, before: SignedCheckpoint | None) -> str:
    """Say in one line what was signed."""
    checkpoint = signed.checkpoint
    events = counted(checkpoint.tree.size, "event")
    if before is None:
        return f"Signed the log `{plain(checkpoint.origin)}`: {events}"
    new = checkpoint.tree.size - before.checkpoint.tree.size
    told = f"{new:,} new since the last checkpoint" if new else "nothing new"
    return f"Signed the log `{plain(checkpoint.origin)}`: {events}, {told}"


def checkpoint_json(signed: SignedCheckpoint, signing: Signing) -> dict[str, Json]:
    """Describe a checkpoint for programs."""
    checkpoint = signed.checkpoint
    witnesses = [each.key for each in signing.endorsers.witnesses]
    cosigned: list[Json] = [
        {"key": str(found.key), "time_s": found.time_s}
        for found in verified_signatures(signed.note, witnesses)
    ]
    return {
        "origin": checkpoint.origin,
        "size": checkpoint.tree.size,
        "root": base64.b64encode(checkpoint.tree.root).decode(),
        "signed_by": [
            str(found.key) for found in signed.verified if found.key.algorithm is Algorithm.ED25519
        ],
        "cosigned_by": cosigned,
        "note": str(signed.note),
    }
