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
    RunCancelled,
    RunSettled,
    RunStarted,
    Value,
    encode_entry,
    open_envelope,
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
            body = encode_entry(run, entry)
            _, salts = seal(open_envelope(body), self.chance.randbytes(SALTS_BYTES_MAX))
            self.leaves.append((run, open_leaf(body, salts)))
            for value in values_of(event):
                self.values[value.ref] = value.data
                if value.subjects is not None:
                    self.subjects[value.ref] = value.subjects
            for number in range(between):
                self.fill(number)

    def fill(self, number: int) -> None:
        """Add a leaf of a run that nobody asks about."""
        leaf = OpenLeaf(run=ELSEWHERE, leaf=self.chance.randbytes(20 + number), parts={})
        self.leaves.append((ELSEWHERE, leaf))

    def root(self, low: int, high: int) -> bytes:
        if high - low == 1:
            return leaf_hash(self.leaves[low][1].leaf)
        middle = low + (1 << ((high - low - 1).bit_length() - 1))
        return node_hash(self.root(low, middle), self.root(middle, high))

    def checkpoint(self, *, size: int | None = None, origin: str = LOG.name) -> str:
        """Sign and cosign the tree of the first `size` leaves."""
        size = size or len(self.leaves)
        tree = TreeHead(size=size, root=self.root(0, size))
        note = sign_checkpoint(Checkpoint(origin=origin, tree=tree), [LOG])
        return str(note.signed(cosign(note.text, WITNESS, time_s=AT_MS // 1_000)))

    def evidence(self, run: RunId = RUN, *, seqs: Sequence[int] = ()) -> Evidence:
        events = [
            LoggedEvent(index=index, leaf=leaf)
            for index, (owner, leaf) in enumerate(self.leaves)
            if owner == run
        ]
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
                [event.index for event in chosen],
                size,
                lambda height, index: self.root(index << height, (index + 1) << height),
            ),
            value=self.values.get,
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


KEYS: tuple[VerifierKey, ...] = (LOG_KEY,)
