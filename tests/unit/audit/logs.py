"""A log in memory, with runs made by hand: what receipts are made of, without a store."""

import random
from collections.abc import Sequence
from dataclasses import replace
from hashlib import sha256

from interlock.audit import (
    SALTS_BYTES_MAX,
    Checkpoint,
    Evidence,
    LoggedEvent,
    OpenLeaf,
    TreeHead,
    VerifierKey,
    cosign,
    leaf_hash,
    node_hash,
    open_leaf,
    prove_leaves,
    seal,
    sign_checkpoint,
    signer_from_seed,
)
from interlock.audit.signatures import Algorithm
from interlock.journal import (
    STORE_JOURNAL,
    Actor,
    AttemptReturned,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    GateDecided,
    GateOpened,
    NodeResolved,
    NodeSettled,
    PartsErased,
    Pruned,
    PrunedClass,
    RunCancelled,
    RunSettled,
    RunsPruned,
    RunStarted,
    StoreEntry,
    Value,
    encode_entry,
    encode_envelope,
    open_envelope,
    store_envelope,
    values_of,
)
from interlock.values import Digest, Json, KeyId, Path, RunId, Subjects, digest as digest_of

LOG = signer_from_seed("example.com/log", bytes(range(32)))
OTHER = signer_from_seed("example.com/log", bytes(range(1, 33)))
WITNESS = signer_from_seed("witness.example", bytes(range(2, 34)))
LOG_KEY = LOG.verifier()
OTHER_KEY = OTHER.verifier()
WITNESS_KEY = WITNESS.verifier(Algorithm.COSIGNATURE)
RUN = RunId("01K5M4ZQ00000000000000000A")
ELSEWHERE = RunId("01K5M4ZQ00000000000000000B")
AT_MS = 1_790_000_000_000
NOW_MS = AT_MS + 1_000
DAY_MS = 86_400_000
PERSON = "authenticated:oidc:bob"
PIN = 4711
BILL = Value.of({"paid": 12.5, "to": "Zoë €"})


def digest(letter: str) -> Digest:
    return Digest(f"sha256:{letter * 64}")


MANIFESTS = Value.of(
    [
        {"name": "charge", "effect": "write", "key": "key", "arguments": {}, "returns": True},
        {"name": "words", "effect": "pure", "arguments": {}, "returns": True},
    ]
)


def story() -> list[tuple[Event, str]]:
    """A run with a gate, a write and a hidden path, as events and actors."""
    binding = digest("b")
    args, bill = Value.of({"pin": PIN}), BILL
    node = {"path": Path("charge"), "generation": 1, "attempt": 1}
    gate = {"path": Path("ask"), "generation": 1}
    return [
        (started(), "unauthenticated:ada"),
        (opened(binding), "engine"),
        (GateDecided(**gate, verdict="approved", binding=binding, reason="fine by me"), PERSON),
        (AttemptStarted(**node, call_key=digest("c"), args=args), "engine"),
        (AttemptReturned(**node, output=bill, tokens=12), "runtime:host-7"),
        (settled("charge", output=bill), "engine"),
        (settled('docs["a7"]/words', output=Value.of("two words")), "engine"),
        (RunSettled(status="succeeded", execution=execution(bill), output=bill), "engine"),
    ]


def decided() -> list[tuple[Event, str]]:
    """A run that persons decided about, and that has not ended."""
    resolved = NodeResolved(
        path=Path("charge"), generation=1, verdict="succeeded", reason="I asked the bank"
    )
    return [
        (started(), "unauthenticated:ada"),
        (resolved, "unauthenticated:bob"),
        (RunCancelled(reason="enough"), "unauthenticated:eve"),
    ]


def owned() -> list[tuple[Event, str]]:
    """A run with values of data subjects."""
    ada, bob = KeyId("a" * 32), KeyId("b" * 32)
    alone, both = Subjects({ada: b"a" * 32}), Subjects({ada: b"a" * 32, bob: b"b" * 32})
    call_key = alone.digest("call", b"[]")
    bill = settled("charge", output=Value.of({"to": "Ada"}).under(both))
    return [
        (replace(started(), inputs=Value.of({"pin": PIN}).under(alone)), "unauthenticated:ada"),
        (replace(bill, call_key=call_key), "engine"),
        (settled("words", output=Value.of("two words")), "engine"),
    ]


def execution(bill: Value) -> Digest:
    """The execution digest of the story: plan, inputs, and the outcomes by path."""
    good = ["succeeded", digest("c")]
    ends = {"charge": bill.ref, 'docs["a7"]/words': Value.of("two words").ref}
    rows: list[Json] = [[path, *good, end] for path, end in ends.items()]
    return digest_of("execution", [digest("a"), Value.of({"pin": PIN}).ref, rows])


def started(manifests: Value = MANIFESTS) -> RunStarted:
    return RunStarted(
        graph="pay",
        plan=digest("a"),
        document=Value.of({"graph": "pay"}),
        manifests=manifests,
        inputs=Value.of({"pin": PIN}),
        semantics=1,
        expressions="cel 0",
        principal=Actor("unauthenticated:ada"),
    )


def opened(binding: Digest) -> GateOpened:
    return GateOpened(
        path=Path("ask"),
        generation=1,
        ask=Value.of("May it?"),
        covers=Value.of([]),
        to=("finance",),
        quorum=1,
        binding=binding,
    )


def settled(path: str, *, output: Value) -> NodeSettled:
    return NodeSettled(
        path=Path(path),
        generation=1,
        status="succeeded",
        attempt=1,
        call_key=digest("c"),
        output=output,
        started_ms=AT_MS,
    )


class MadeLog:
    """A log that grows by events of runs; other runs may stand between."""

    def __init__(self, *, seed: int = 0) -> None:
        self.chance = random.Random(seed)
        self.leaves: list[tuple[RunId, OpenLeaf]] = []
        self.values: dict[str, bytes] = {}
        self.subjects: dict[str, Subjects] = {}

    def add(self, run: RunId, events: Sequence[tuple[Event, str]], *, between: int = 0) -> None:
        for seq, (event, actor) in enumerate(events, 1):
            causes = (seq - 1,) if seq > 1 else ()
            entry = Entry(
                event, at_ms=AT_MS + seq, seq=seq, epoch=1, actor=Actor(actor), causes=causes
            )
            self._seal(run, encode_entry(run, entry))
            for value in values_of(event):
                self.values[value.ref] = value.data
                if value.subjects is not None:
                    self.subjects[value.ref] = value.subjects
            for number in range(between):
                self.fill(number)

    def erase(self, *parts: str, run: RunId = RUN, is_told: bool = True) -> None:
        """Erase parts of a run, `SEQ.PART`, and add the event that tells of it."""
        mine = [at for at, (owner, _) in enumerate(self.leaves) if owner == run]
        for part in parts:
            seq, _, name = part.partition(".")
            if int(seq) > len(mine):
                continue
            owner, leaf = self.leaves[mine[int(seq) - 1]]
            left = {each: shown for each, shown in leaf.parts.items() if each != name}
            self.leaves[mine[int(seq) - 1]] = (owner, replace(leaf, parts=left))
        if is_told:
            told = PartsErased(parts=parts, rule="GDPR Art. 17", reason="Ada asked")
            entry = Entry(
                told, at_ms=AT_MS + 99, seq=len(mine) + 1, epoch=1, actor=Actor(PERSON), causes=()
            )
            self._seal(run, encode_entry(run, entry))

    def prune(self, *pruned: Pruned, what: PrunedClass = "events", seq: int = 1) -> None:
        """Add the event that tells that runs were pruned; seq is its place in its journal."""
        event = RunsPruned(what=what, period_ms=DAY_MS, rule=f"{what} = 1d", runs=pruned)
        entry = StoreEntry(event=event, seq=seq, at_ms=AT_MS + DAY_MS, actor=Actor(PERSON))
        self._seal(STORE_JOURNAL, encode_envelope(store_envelope(entry)))

    def _seal(self, run: RunId, body: bytes) -> None:
        _, salts = seal(open_envelope(body), self.chance.randbytes(SALTS_BYTES_MAX))
        self.leaves.append((run, open_leaf(body, salts)))

    def fill(self, number: int) -> None:
        """Add a leaf of a run that nobody asks about."""
        leaf = OpenLeaf(run=ELSEWHERE, leaf=self.chance.randbytes(20 + number), parts={})
        self.leaves.append((ELSEWHERE, leaf))

    def root(self, low: int, high: int) -> bytes:
        if high - low == 1:
            return leaf_hash(self.leaves[low][1].leaf)
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        return node_hash(self.root(low, middle), self.root(middle, high))

    def checkpoint(
        self, *, size: int | None = None, origin: str = LOG.name, cosigned_s: int = AT_MS // 1_000
    ) -> str:
        """Sign and cosign the tree of the first `size` leaves."""
        size = size or len(self.leaves)
        tree = TreeHead(size=size, root=self.root(0, size))
        note = sign_checkpoint(Checkpoint(origin=origin, tree=tree), [LOG])
        return str(note.signed(cosign(note.text, WITNESS, time_s=cosigned_s)))

    def events(self, run: RunId) -> list[LoggedEvent]:
        """The events of a run, at their places in the log."""
        return [
            LoggedEvent(index=index, leaf=leaf)
            for index, (owner, leaf) in enumerate(self.leaves)
            if owner == run
        ]

    def evidence(self, run: RunId = RUN, *, seqs: Sequence[int] = ()) -> Evidence:
        """All that the log has of a run, or some of it; with what was pruned of it."""
        events, retention = self.events(run), self.events(STORE_JOURNAL)
        chosen = [events[seq - 1] for seq in seqs] or events
        size = len(self.leaves)
        checkpoint = self.checkpoint()
        return Evidence(
            run=run,
            events=chosen,
            is_whole=not seqs,
            checkpoint=checkpoint,
            stamps=[stamp_of(checkpoint)],
            proof=prove_leaves(
                sorted(event.index for event in (*chosen, *retention)),
                size,
                lambda height, index: self.root(index << height, (index + 1) << height),
            ),
            value=self.values.get,
            retention=retention,
            opener=lambda ref, data: self.subjects[ref].opener(data),
        )


def stamp_of(checkpoint: str) -> bytes:
    """Something with the digest of a checkpoint's text in it, as a time stamp has."""
    text = checkpoint.partition("\n\n")[0] + "\n"
    return b"0\x82 stamp of " + sha256(text.encode()).digest() + b" by a clock"


def a_log() -> MadeLog:
    log = MadeLog()
    for number in range(5):
        log.fill(number)
    log.add(RUN, story(), between=2)
    return log


def failed(error: ErrorInfo) -> list[tuple[Event, str]]:
    return [
        (started(), "unauthenticated:ada"),
        (RunSettled(status="failed", execution=digest("f"), error=error), "engine"),
    ]


def an_erased_log() -> MadeLog:
    """The story, and what was erased of it afterwards."""
    log = a_log()
    log.erase("1.inputs", "3.reason", "3.actor", "7.path")
    return log


def a_pruned_log() -> MadeLog:
    """The story; its values were pruned, and then its events but the first and the last."""
    log = a_log()
    gone = Pruned(run=RUN, ended_ms=AT_MS + 8)
    other = Pruned(run=ELSEWHERE, ended_ms=AT_MS, events=2, hashes="e" * 64)
    log.prune(gone, what="values")
    log.fill(1)
    log.erase("1.actor", "1.inputs", "1.principal", "8.execution", "8.output", is_told=False)
    log.prune(other, replace(gone, events=6, hashes="f" * 64), seq=2)
    return log


KEYS: tuple[VerifierKey, ...] = (LOG_KEY,)
