"""What `interlock audit verify` goes by, and how it tells what it has found."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from interlock.audit import (
    EMPTY_ROOT,
    Expected,
    Finding,
    KnownTree,
    LogVerdict,
    Note,
    PrunedParts,
    PublishedLog,
    Tampering,
    TreeHead,
    VerifierKey,
    cosignatures,
    open_checkpoint,
    parse_note,
    read_erased,
    verify_log,
)
from interlock.cli.terminal.console import counted, listed, plain
from interlock.cli.terminal.times import moment
from interlock.cli.trail.listings import Listings
from interlock.cli.trail.named import NamedValues, Naming
from interlock.cli.trail.subjects import ChangedSubjects
from interlock.errors import EvidenceRefused, InterlockError, JournalCorrupt
from interlock.journal import StoredEvent, open_envelope
from interlock.runtime import read_keeping
from interlock.store import ReadStore, StoreStructure, kept_log
from interlock.values import Json, RunId

PAGE = 1_000
LEAF_MIN = -(1 << 63)
NOTE_BYTES_MAX = 1 << 20
TRIES_MAX = 3
SOUND = StoreStructure(problems=(), beside=())
LOSSES = frozenset(("falsely_erased", "falsely_pruned", "misreported", "value_missing"))
"""What it looks like when something is erased or pruned while its store is verified."""

WORDS: dict[Tampering, str] = {
    "edited": "edited",
    "deleted": "deleted",
    "inserted": "inserted",
    "moved": "reordered",
    "cut": "cut off",
    "rolled_back": "older copy",
    "forked": "another history",
    "misdated": "false time",
    "relogged": "the log is damaged",
    "value_changed": "a value was changed",
    "value_missing": "a value is missing",
    "falsely_pruned": "taken away without right",
    "falsely_erased": "falsely erased",
    "misreported": "a false listing",
    "mispublished": "the published log is damaged",
    "misnamed": "a false name",
    "altered": "the file was altered",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Trusted:
    """Whose word counts: the keys of the log, of witnesses, and of servers of time stamps.

    Nobody's counts that is dated after `now_ms`.
    """

    keys: Sequence[VerifierKey]
    witnesses: Sequence[VerifierKey] = ()
    certificates: bytes | None = None
    now_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A checkpoint from outside of the store, and who speaks for it; or why it does not count."""

    told: str
    tree: TreeHead | None = None
    signed_by: tuple[str, ...] = ()
    cosigned_by: tuple[VerifierKey, ...] = ()
    stamped_by: str | None = None
    at_ms: int | None = None
    error: EvidenceRefused | None = None


def evidence_in(
    told: str, data: bytes, trusted: Trusted, *, stamp: Callable[[Note], bytes | None]
) -> Evidence:
    """Read a checkpoint, and find out who speaks for it.

    Args:
        told: what it is called.
        data: the note.
        trusted: whose word counts.
        stamp: finds the time stamp of a note, not verified yet.
    """
    try:
        note = parse_note(data)
        origin = trusted.keys[0].name if trusted.keys else ""
        signed = open_checkpoint(data, origin=origin, keys=trusted.keys)
        cosigned = cosignatures(note, trusted.witnesses, now_ms=trusted.now_ms)
        times = [each.time_s * 1000 for each in cosigned if each.time_s is not None]
        stamped_by, stamped_ms = _stamped(note, stamp(note), trusted)
    except EvidenceRefused as error:
        return Evidence(told=told, error=error)
    times += [] if stamped_ms is None else [stamped_ms]
    return Evidence(
        told=told,
        tree=signed.checkpoint.tree,
        signed_by=tuple(each.key.name for each in signed.verified),
        cosigned_by=tuple(each.key for each in cosigned),
        stamped_by=stamped_by,
        at_ms=min(times, default=None),
    )


def unmet(
    evidence: Sequence[Evidence], *, witnesses: Sequence[VerifierKey], is_stamped: bool
) -> Iterator[Evidence]:
    """Name what was asked for, and none of the checkpoints has: it must not pass in silence."""
    seen = {key for each in evidence for key in each.cosigned_by}
    for witness in witnesses:
        if witness not in seen:
            message = "it has cosigned none of the checkpoints"
            error = EvidenceRefused(message, code="IL8547")
            yield Evidence(told=f"the witness {witness.name}", error=error)
    if is_stamped and all(each.stamped_by is None for each in evidence):
        message = "none of the checkpoints has one that the certificates answer for"
        yield Evidence(told="time stamp", error=EvidenceRefused(message, code="IL8548"))


def _stamped(note: Note, stamp: bytes | None, trusted: Trusted) -> tuple[str | None, int | None]:
    if stamp is None or trusted.certificates is None:
        return None, None
    from interlock.notary import verify_stamp

    found = verify_stamp(stamp, note, certificates=trusted.certificates, now_ms=trusted.now_ms)
    return found.authority, found.time_ms


def verified(
    store: ReadStore,
    evidence: Sequence[Evidence],
    *,
    published: PublishedLog | None,
    expected: Expected,
    structure: StoreStructure = SOUND,
) -> LogVerdict:
    """Verify the log of a store, the values that its events name, whose they are, and listings.

    Raises:
        JournalCorrupt: the journal of the store itself cannot be read.
    """
    altered = tuple(Finding(kind="altered", index=0, message=each) for each in structure.problems)
    try:
        verdict = _at_rest(
            store, lambda: _verified(store, evidence, published=published, expected=expected)
        )
    except (JournalCorrupt, TypeError):
        # On a damaged page a column may be of another type than its table allows.
        if not altered:
            raise
        return LogVerdict(
            head=TreeHead(size=0, root=EMPTY_ROOT), runs=0, agreed=(), findings=altered
        )
    return replace(verdict, findings=(*altered, *verdict.findings))


def _at_rest(store: ReadStore, verify: Callable[[], LogVerdict]) -> LogVerdict:
    """Verify; anew when something is found and the log has grown.

    What was erased or pruned after its event was read looks like a loss that no event tells of; the
    event that does is there the next time. While much is pruned, something else looks so each time:
    a loss that was none the time before is none.
    """
    size = store.log_size()
    verdict = verify()
    for _ in range(TRIES_MAX - 1):
        if not verdict.findings or store.log_size() == size:
            return verdict
        losses = {_loss(each) for each in verdict.findings}
        size = store.log_size()
        verdict = verify()
        found = tuple(
            each for each in verdict.findings if each.kind not in LOSSES or _loss(each) in losses
        )
        verdict = replace(verdict, findings=found)
    return verdict


def _loss(found: Finding) -> tuple[Tampering, RunId | None, int | None]:
    return found.kind, found.run, found.seq


def _verified(
    store: ReadStore,
    evidence: Sequence[Evidence],
    *,
    published: PublishedLog | None,
    expected: Expected,
) -> LogVerdict:
    known = [
        KnownTree(tree=each.tree, at_ms=each.at_ms, told=each.told)
        for each in evidence
        if each.tree is not None
    ]
    kept = kept_log(store)
    pruned, unreadable = _pruned_values(store)
    listings, subjects = Listings(), ChangedSubjects(store)
    values = NamedValues(store, pruned=pruned, subjects=subjects)
    verdict = verify_log(
        _passing_by(store, kept.size, values=values, listings=listings),
        kept,
        known,
        published=published,
        expected=expected,
    )
    found = values.findings
    if unreadable is not None:
        if not verdict.findings:
            raise unreadable  # It is as it was logged.
        # Of which runs the values were pruned, nobody can tell.
        found = [each for each in found if each.kind != "value_missing"]
    if all(each.kind == "mispublished" for each in verdict.findings):
        # Else a row may say what an event had said.
        found += listings.findings(store, size=kept.size)
    found += subjects.findings()
    findings = sorted((*verdict.findings, *found), key=lambda each: each.index)
    return replace(verdict, findings=tuple(findings))


def _pruned_values(store: ReadStore) -> tuple[Collection[RunId], JournalCorrupt | None]:
    """Name the runs whose values were pruned; or say why the journal of the store cannot tell."""
    try:
        return read_keeping(store).pruned["values"].keys(), None
    except JournalCorrupt as error:
        return (), error


def _passing_by(
    store: ReadStore, size: int, *, values: NamedValues, listings: Listings
) -> Iterator[tuple[RunId, StoredEvent]]:
    """Yield the events of a store in the order of its log, and let others see them."""
    # Before leaf 0 is nothing, unless somebody has put it there: readers of its run would see it.
    first, place = LEAF_MIN, 0
    while place < size and (page := store.leaves(first=first, limit=min(PAGE, size - place))):
        values.take(_namings(page, place, listings=listings))
        yield from page
        first, place = page[-1][1].leaf_index + 1, place + len(page)
    more = store.leaves(first=first, limit=PAGE)
    if store.log_size() == size:
        # Nobody has added to the log meanwhile: these events are in no log.
        yield from more


def _namings(
    page: Sequence[tuple[RunId, StoredEvent]], place: int, *, listings: Listings
) -> Iterator[Naming]:
    """Read what the events of a page name; `place` is that of the first in the log."""
    for index, (run, event) in enumerate(page, place):
        try:
            envelope = open_envelope(event.body)
            naming = Naming.of(run, event, envelope, index=index)
            gone = read_erased(event.erased)
        except InterlockError:
            listings.pass_by(run, place=index)
            continue
        listings.take(run, envelope, place=index, gone=gone)
        yield naming


def verdict_lines(
    verdict: LogVerdict, evidence: Sequence[Evidence], *, beside: Sequence[str] = ()
) -> list[str]:
    """Tell people what was found, and what the store has `beside` its log."""
    lines = [f"error: {plain(_finding_words(found))}" for found in verdict.findings]
    for each in evidence:
        if each.error is not None:
            told = f"{plain(each.told)}: {plain(each.error.message)}"
            lines.append(f"error[{each.error.code}]: {told}")
    if lines:
        return lines
    runs, events = counted(verdict.runs, "run"), counted(verdict.head.size, "event")
    lines = [f"verified: {events} of {runs}, as they were logged"]
    if verdict.erased:
        parts = counted(verdict.erased, "part")
        lines.append(f"  unverifiable because erased: {parts} of events; the events are verified")
    lines += [f"  {line}" for line in _pruned_words(verdict.pruned)]
    lines += [f"  {line}" for line in _covered_words(verdict, evidence)]
    if beside:
        lines.append(f"  not Interlock's, and not verified: {plain(', '.join(beside))}")
    return lines


def _pruned_words(pruned: PrunedParts) -> Iterator[str]:
    """Say what is unverifiable because it was pruned, and what of it still is verified."""
    if pruned.events:
        events, runs = counted(pruned.events, "event"), counted(len(pruned.runs), "run")
        told = f"the content of {events} of {runs}"
        yield f"unverifiable because pruned: {told}; verified by their hashes alone"
    if pruned.value_runs:
        yield f"unverifiable because pruned: the values of {counted(len(pruned.value_runs), 'run')}"


def _finding_words(found: Finding) -> str:
    where = "the log" if found.run is None else f"run {found.run}"
    if found.seq is not None:
        where = f"event {found.seq} of {where}"
    if found.kind == "altered":
        return f"{WORDS[found.kind]}: {found.message}"
    place = f"place {found.index:,}" if found.until is None else f"place {found.index:,} or later"
    return f"{WORDS[found.kind]}: {where}, {place}: {found.message}"


def _covered_words(verdict: LogVerdict, evidence: Sequence[Evidence]) -> Iterator[str]:
    """Say for each part of the log who has confirmed it."""
    for first, end, proofs in _covered(verdict, evidence):
        told = f"places {first:,} to {end - 1:,}: "
        if not proofs:
            yield told + "only local: whoever can write the store could have changed them"
            continue
        signers = sorted({name for each in proofs for name in each.signed_by})
        witnesses = sorted({key.name for each in proofs for key in each.cosigned_by})
        stamps = sorted({each.stamped_by for each in proofs if each.stamped_by is not None})
        told += f"signed by {plain(listed(signers))}"
        if witnesses:
            told += f", witnessed by {len(witnesses)}: {plain(listed(witnesses))}"
        if stamps:
            told += f", time-stamped by {plain(listed(stamps))}"
        times = [each.at_ms for each in proofs if each.at_ms is not None]
        yield told + (f"; there on {moment(min(times))}" if times else "")


def _covered(
    verdict: LogVerdict, evidence: Sequence[Evidence]
) -> Iterator[tuple[int, int, list[Evidence]]]:
    """Cut the log into parts that the same evidence confirms."""
    agreed = {known.tree for known in verdict.agreed}
    sound = [each for each in evidence if each.tree is not None and each.tree in agreed]
    sizes = sorted({each.tree.size for each in sound if each.tree is not None})
    first = 0
    for end in (*sizes, verdict.head.size):
        if end > first:
            yield first, end, [each for each in sound if each.tree and each.tree.size >= end]
            first = end


def verdict_json(
    verdict: LogVerdict, evidence: Sequence[Evidence], *, beside: Sequence[str] = ()
) -> dict[str, Json]:
    """Tell programs what was found, and what the store has `beside` its log."""
    is_sound = not verdict.findings and all(each.error is None for each in evidence)
    return {
        "verdict": "verified" if is_sound else "refused",
        "events": verdict.head.size,
        "runs": verdict.runs,
        "erased": verdict.erased,
        "pruned": {
            "events": verdict.pruned.events,
            "runs": list[Json](sorted(verdict.pruned.runs)),
            "value_runs": list[Json](sorted(verdict.pruned.value_runs)),
        },
        "root": verdict.head.root.hex(),
        "findings": [_finding_json(found) for found in verdict.findings],
        "checkpoints": [_evidence_json(each) for each in evidence],
        "covered": [
            _part_json(first, end, proofs) for first, end, proofs in _covered(verdict, evidence)
        ],
        "beside": list[Json](beside),
    }


def _part_json(first: int, end: int, proofs: Sequence[Evidence]) -> Json:
    signers = sorted({name for each in proofs for name in each.signed_by})
    witnesses = sorted({key.name for each in proofs for key in each.cosigned_by})
    stamps = sorted({each.stamped_by for each in proofs if each.stamped_by})
    return {
        "first": first,
        "last": end - 1,
        "signed_by": list[Json](signers),
        "witnessed_by": list[Json](witnesses),
        "stamped_by": list[Json](stamps),
    }


def _finding_json(found: Finding) -> Json:
    return {
        "kind": found.kind,
        "index": found.index,
        "until": found.until,
        "run": found.run,
        "seq": found.seq,
        "message": found.message,
    }


def _evidence_json(each: Evidence) -> Json:
    return {
        "checkpoint": each.told,
        "size": None if each.tree is None else each.tree.size,
        "at_ms": each.at_ms,
        "error": None if each.error is None else f"{each.error.code} {each.error.message}",
    }
