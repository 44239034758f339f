"""`interlock audit verify`: is the log of a store the one that was written?"""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import click

from interlock.audit import Note, VerifierKey, require_independence
from interlock.cli.project.auditing import own_key_file
from interlock.cli.project.endorsing import project_endorsers
from interlock.cli.project.pyproject import Project, find_project, shown, store_url
from interlock.cli.project.retention import expected_of
from interlock.cli.project.stores import to_read
from interlock.cli.terminal.console import err, out, out_json, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.options import example, json_option, store_option
from interlock.cli.trail.evidence import certificates_in, public_keys
from interlock.cli.trail.published import published_in
from interlock.cli.trail.verifying import (
    NOTE_BYTES_MAX,
    SOUND,
    Evidence,
    Trusted,
    evidence_in,
    unmet,
    verdict_json,
    verdict_lines,
    verified,
)
from interlock.errors import UsageError
from interlock.notary import CHECKPOINT, kept_stamp, read_keys, read_stamp
from interlock.runtime import SystemClock
from interlock.store import inspect_store

STAMP_ENDING = ".tsr"
LAST_ENDING = ".checkpoint"


@click.command(
    epilog=example("interlock audit verify", "interlock audit verify --checkpoint checkpoint.txt")
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    metavar="FILE",
    help="A checkpoint that was kept elsewhere; a time stamp beside it, FILE.tsr, counts too.",
)
@click.option("--published", metavar="FOLDER", help="The published log: checkpoint and tiles.")
@click.option(
    "--key",
    "keys",
    multiple=True,
    metavar="VKEY|FILE",
    help="A public key of the log; those of the store's own key file unless told.",
)
@click.option(
    "--witness",
    "witnesses",
    multiple=True,
    metavar="VKEY|FILE",
    help="A public key of a witness; each has to have cosigned a checkpoint. Unless told, those"
    " that the project names count, and none has to.",
)
@click.option(
    "--stamp-certificates",
    "certificates",
    metavar="FILE",
    help="PEM certificates that answer for the server of time stamps; one has to be there. Unless"
    " told, the project's count, and none has to.",
)
@store_option
@json_option
def verify(
    *,
    checkpoints: tuple[str, ...],
    published: str | None,
    keys: tuple[str, ...],
    witnesses: tuple[str, ...],
    certificates: str | None,
    store: str | None,
    as_json: bool,
) -> int:
    """Verify the log of a store: all events, values, hashes, and signed checkpoints.

    Says what was done to the log, and the first event that it was done to; or which events are
    confirmed by signatures, witnesses and time stamps, and which are only local. What was pruned
    counts if the log says so, and its time was over by the project's profile. Without a
    checkpoint from elsewhere, who can write the store could have made all of it anew. Ends with 6
    if anything is wrong.
    """
    project = find_project()
    own = None if keys else own_key_file(project, store_url(project, store))
    trusted = _trusted(project, own, keys, witnesses=witnesses)
    if certificates is not None:
        trusted = replace(trusted, certificates=certificates_in(certificates))
    evidence = [_evidence(Path(name), trusted) for name in checkpoints]
    served = None
    if published is not None:
        evidence.append(_evidence(Path(published) / CHECKPOINT, trusted))
        served = published_in(Path(published), evidence[-1].tree)
    if own is not None:
        evidence += _last_signed(own, trusted)
    if not evidence and (keys or witnesses or certificates is not None):
        raise UsageError(
            "there is no checkpoint that could be checked with what was given",
            hint="give one with --checkpoint FILE or --published FOLDER",
        )
    asked = public_keys(witnesses)
    evidence += unmet(evidence, witnesses=asked, is_stamped=certificates is not None)
    with to_read(store) as journal:
        structure = inspect_store(journal.url) or SOUND
        verdict = verified(
            journal.store,
            evidence,
            published=served,
            expected=expected_of(project),
            structure=structure,
        )
    if as_json:
        out_json(verdict_json(verdict, evidence, beside=structure.beside))
    else:
        lines = "\n".join(verdict_lines(verdict, evidence, beside=structure.beside))
        is_wrong = verdict.findings or any(each.error for each in evidence)
        (err if is_wrong else out)(tinted(lines))
    if verdict.findings or any(each.error is not None for each in evidence):
        return Exit.DIVERGED
    return Exit.OK


def _trusted(
    project: Project, own: Path | None, keys: tuple[str, ...], *, witnesses: tuple[str, ...]
) -> Trusted:
    endorsers = project_endorsers(project)
    signers: list[VerifierKey] = public_keys(keys)
    if own is not None:
        signers = list(read_keys(own).verifiers())
    watching = public_keys(witnesses) or [each.key for each in endorsers.witnesses]
    require_independence(watching, log=signers)
    return Trusted(
        keys=signers,
        witnesses=watching,
        certificates=None if endorsers.stamps is None else endorsers.stamps.certificates,
        now_ms=SystemClock().now_ms(),
    )


def _evidence(path: Path, trusted: Trusted) -> Evidence:
    if not path.is_file():
        raise UsageError(f"there is no file {shown(path)}", hint="give the path of a checkpoint")
    if not trusted.keys:
        raise UsageError(
            "there is no key to check a checkpoint with",
            hint="give the public key of the log with --key",
        )

    def stamp(note: Note) -> bytes | None:
        return read_stamp(note, path.with_name(path.name + STAMP_ENDING))

    return evidence_in(shown(path), _bytes(path), trusted, stamp=stamp)


def _last_signed(own: Path, trusted: Trusted) -> Iterator[Evidence]:
    """What was signed last with the store's own key, if anything was."""
    path = own.with_name(own.name + LAST_ENDING)
    if path.is_file():
        told = "the checkpoint that was signed last"
        yield evidence_in(told, _bytes(path), trusted, stamp=lambda note: kept_stamp(note, own))


def _bytes(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(NOTE_BYTES_MAX)
