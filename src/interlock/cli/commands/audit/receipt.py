"""`interlock audit receipt`: one file that proves what happened in a run."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click

from interlock.audit import (
    LoggedEvent,
    SignedCheckpoint,
    Trust,
    build_receipt,
    check_receipt,
    open_checkpoint,
    receipt_statement,
    sign_statement,
)
from interlock.cli.project.auditing import key_file
from interlock.cli.project.pyproject import find_project
from interlock.cli.project.stores import find_run, to_read
from interlock.cli.terminal.console import counted, err, out, tinted
from interlock.cli.terminal.exits import Exit
from interlock.cli.terminal.files import write_file
from interlock.cli.terminal.options import example, key_file_option, store_option
from interlock.cli.trail.disclosing import disclosure_of
from interlock.cli.trail.evidence import read_some
from interlock.cli.trail.receipting import (
    chosen_events,
    evidence_of,
    logged_events,
    prunings_of,
    require_grown,
    unexplained,
)
from interlock.cli.trail.verifying import NOTE_BYTES_MAX
from interlock.errors import EvidenceRefused, JournalCorrupt
from interlock.notary import KeyRing, kept_stamp, last_signed, read_keys, sign_log
from interlock.runtime import SystemClock
from interlock.store import ReadStore, log_tree

RECEIPT, IN_TOTO = "receipt", "in-toto"


@click.command(epilog=example("interlock audit receipt last --output receipt.json"))
@click.argument("run")
@click.option(
    "--event",
    "seqs",
    type=int,
    multiple=True,
    metavar="N",
    help="Only this event, beside the first one; unless told, all events of the run.",
)
@click.option(
    "--disclose",
    "shown",
    multiple=True,
    metavar="PATH",
    help="Show what is there, with its values: NODE, NODE.PART, .PART of the run, all.PART or all.",
)
@click.option(
    "--withhold",
    "withheld",
    multiple=True,
    metavar="PART",
    help="Do not show what a receipt shows by itself: actor, graph, manifests, plan, rule or"
    " verdict.",
)
@click.option(
    "--checkpoint",
    metavar="FILE",
    help="Prove it against this one; unless told, the last one that has the run, or a new one.",
)
@click.option("--output", metavar="FILE", help="Write it there; else to stdout.")
@click.option(
    "--format",
    "form",
    type=click.Choice((RECEIPT, IN_TOTO)),
    default=RECEIPT,
    help="As it is, or as an in-toto statement in a signed DSSE envelope.",
)
@key_file_option
@store_option
def receipt(
    run: str,
    *,
    seqs: tuple[int, ...],
    shown: tuple[str, ...],
    withheld: tuple[str, ...],
    checkpoint: str | None,
    output: str | None,
    form: str,
    key: str | None,
    store: str | None,
) -> int:
    """Make a receipt of RUN: one file that proves to others what happened.

    It shows what the machinery did, which plan it was, what its actions promise and who decided.
    Values are shown where you ask, and nothing else can be guessed from it. Whoever has the log's
    public key checks it with `interlock audit check`, or without Interlock. Of what was erased or
    pruned since, it proves that and under which rule.
    """
    with to_read(store) as journal:
        head = find_run(journal.store, run)
        keys = key_file(find_project(), journal.url, key)
        ring = read_keys(keys)
        known = logged_events(journal.store, head.run)
        prunings = prunings_of(journal.store, head.run)
        signed = _signed(checkpoint, journal.store, [*known, *prunings], keys=keys, ring=ring)
        size = signed.checkpoint.tree.size
        require_grown(journal.store, size)
        covered = [one for one in known if one.index < size]
        events = chosen_events(journal.store, head.run, covered, seqs=seqs)
        retention = [one for one in prunings if one.index < size]
        stamp = kept_stamp(signed.note, keys)
        evidence = evidence_of(
            journal.store,
            head.run,
            events,
            signed=signed,
            stamps=[stamp] if stamp is not None else [],
            tree=log_tree(journal.store, size),
            is_whole=not seqs and events[-1].seq == len(events),
            retention=retention,
        )
        data = build_receipt(evidence, disclosure_of(shown, withheld, events))
    _require_good(data, ring)
    for line in _gone_lines(events, retention, seqs=seqs):
        err(tinted(line))
    if form == IN_TOTO:
        data = sign_statement(receipt_statement(data), ring.signers())
    if output is None:
        out(data.decode().rstrip("\n"))
    else:
        write_file(output, [data.decode()])
        err(f"receipt  {output}")
    return Exit.OK


def _signed(
    given: str | None,
    store: ReadStore,
    known: Sequence[LoggedEvent],
    *,
    keys: Path,
    ring: KeyRing,
) -> SignedCheckpoint:
    """Take the checkpoint that is named; else the last one if it has all; else sign a new one.

    The last one may have been cosigned and stamped, which a new one is not.
    """
    if given is not None:
        return open_checkpoint(
            read_some(Path(given), NOTE_BYTES_MAX), origin=ring.name, keys=ring.verifiers()
        )
    last = last_signed(keys, ring)
    needed = max((event.index for event in known), default=0)
    if last is not None and needed < last.checkpoint.tree.size:
        return last
    return sign_log(store, keys)


def _gone_lines(
    events: Sequence[LoggedEvent], retention: Sequence[LoggedEvent], *, seqs: Sequence[int]
) -> Iterator[str]:
    """Say what the receipt cannot show, for it is there no more; what was pruned, it proves."""
    last = events[-1].seq
    if not seqs and last > len(events):
        told = "the receipt proves when, and under which rule"
        if not retention:
            told = "and this checkpoint is older: without --checkpoint, the receipt tells of it"
        yield f"warning: {last - len(events)} of {last} events were pruned, {told}"
    elif count := unexplained(events, retention):
        yield (
            f"warning: {counted(count, 'part')} of events were erased or pruned after this"
            " checkpoint: without --checkpoint, the receipt tells of it"
        )


def _require_good(data: bytes, ring: KeyRing) -> None:
    """Check what was made before it leaves: a journal may have been changed."""
    try:
        check_receipt(data, Trust(keys=ring.verifiers(), now_ms=SystemClock().now_ms()))
    except EvidenceRefused as error:
        raise JournalCorrupt(
            f"the receipt would not hold: {error.message} ({error.place})",
            hint="the journal was changed after it was signed: `interlock audit verify` says where",
        ) from error
