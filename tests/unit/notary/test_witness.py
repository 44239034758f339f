"""A witness: what it answers, and that nothing makes it sign two histories."""

import errno
import os
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from interlock.audit import (
    Algorithm,
    TreeHead,
    Verified,
    WitnessRequest,
    leaf_hash,
    parse_checkpoint,
    parse_note,
    signer_from_seed,
    verify_note,
)
from interlock.notary import Answer, Memory, Witness, create_memory
from interlock.notary.durable import PART, replace_file
from unit.notary.logs import LOG, ORIGIN, WITNESS, asking, checkpoint, head, leaves, proof

KEY = WITNESS.verifier(Algorithm.COSIGNATURE)
LOG_KEYS = [LOG.verifier()]
GENUINE = leaves(40)
FORK = [*GENUINE[:9], *leaves(31, "another")]
NOW_S = 1_800_000_000


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Memory]:
    path = tmp_path / "seen.json"
    create_memory(path)
    with Memory(path) as memory:
        yield memory


@pytest.fixture
def witness(memory: Memory) -> Witness:
    return Witness([WITNESS], logs=LOG_KEYS, memory=memory, now_s=lambda: NOW_S)


def ask(witness: Witness, request: WitnessRequest) -> Answer:
    return witness.add_checkpoint(request.to_bytes())


def cosigned(request: WitnessRequest, answer: Answer) -> Verified:
    """Check the cosignature as the specification says: as a line of the note."""
    assert answer.status == 200, answer
    note = parse_note(f"{request.note.text}\n{answer.text}".encode())
    return verify_note(note, [KEY])[0]


def test_a_log_that_grows_is_cosigned(witness: Witness):
    for old, new in ((0, 1), (1, 7), (7, 7), (7, 32), (32, 40)):
        request = asking(GENUINE, old, new)
        assert cosigned(request, ask(witness, request)).time_s == NOW_S


def test_an_empty_log_may_be_cosigned_first(witness: Witness):
    for old, new in ((0, 0), (0, 0), (0, 5)):
        request = asking(GENUINE, old, new)
        cosigned(request, ask(witness, request))


def test_another_size_is_answered_with_the_one_that_is_known(witness: Witness):
    ask(witness, asking(GENUINE, 0, 12))
    for old, new in ((0, 20), (7, 20), (0, 12), (0, 0)):
        answer = ask(witness, asking(GENUINE, old, new))
        assert answer == Answer(status=409, text="12\n", type="text/x.tlog.size")


def test_a_fork_is_refused(witness: Witness):
    ask(witness, asking(GENUINE, 0, 12))
    assert ask(witness, asking(FORK, 12, 20)).status == 422
    # Of one size there is nothing to prove: the specification has 409 for it.
    assert ask(witness, asking(FORK, 12, 12)).status == 409
    request = asking(GENUINE, 12, 20)
    cosigned(request, ask(witness, request))


def test_two_trees_of_one_size_are_kept_as_proof(witness: Witness, tmp_path: Path):
    ask(witness, asking(GENUINE, 0, 12))
    for _ in range(2):
        ask(witness, asking(FORK, 12, 12))
    ask(witness, asking(GENUINE, 12, 20))
    notes = [parse_note(path.read_bytes()) for path in (tmp_path / "evidence").iterdir()]
    trees = [parse_checkpoint(note.text).tree for note in notes if verify_note(note, LOG_KEYS)]
    assert {tree.root for tree in trees} == {head(GENUINE, 12).root, head(FORK, 12).root}
    assert len(trees) == 2


def test_a_log_that_was_cut_is_refused(witness: Witness):
    ask(witness, asking(GENUINE, 0, 12))
    assert ask(witness, asking(GENUINE, 12, 11)).status == 400
    assert ask(witness, asking(GENUINE, 5, 11)).status == 409


def test_an_unknown_log_is_not_found_and_a_wrong_key_is_forbidden(witness: Witness):
    other = signer_from_seed("example.com/other", bytes(32))
    unknown = checkpoint(GENUINE, 3, signer=other, origin="example.com/other")
    impostor = checkpoint(GENUINE, 3, signer=signer_from_seed(ORIGIN, bytes(32)))
    stranger = checkpoint(GENUINE, 3, signer=other)
    for note, status in ((unknown, 404), (impostor, 403), (stranger, 403)):
        request = WitnessRequest(old_size=0, proof=(), note=note)
        assert ask(witness, request).status == status


def test_a_log_may_have_an_old_and_a_new_key(memory: Memory):
    rotated = signer_from_seed(ORIGIN, bytes(32))
    keys = [LOG.verifier(), rotated.verifier()]
    witness = Witness([WITNESS], logs=keys, memory=memory, now_s=lambda: NOW_S)
    ask(witness, asking(GENUINE, 0, 5))
    note = checkpoint(GENUINE, 9, signer=rotated)
    request = WitnessRequest(old_size=5, proof=proof(GENUINE, 5, 9), note=note)
    cosigned(request, ask(witness, request))


def test_a_proof_beside_no_tree_is_refused(witness: Witness):
    request = replace(asking(GENUINE, 0, 8), proof=(GENUINE[0],))
    assert ask(witness, request).status == 422


def test_the_time_never_runs_backwards(memory: Memory):
    times = iter((NOW_S, NOW_S - 3_600, NOW_S + 1))
    witness = Witness([WITNESS], logs=LOG_KEYS, memory=memory, now_s=lambda: next(times))
    requests = [asking(GENUINE, 0, 3), asking(GENUINE, 3, 4), asking(GENUINE, 4, 5)]
    told = [cosigned(request, ask(witness, request)).time_s for request in requests]
    assert told == [NOW_S, NOW_S, NOW_S + 1]


def test_signatures_of_others_are_not_kept(witness: Witness, memory: Memory):
    other = signer_from_seed("example.com/other", bytes(32))
    request = asking(GENUINE, 0, 3)
    crowded = request.note.signed(*checkpoint(GENUINE, 3, signer=other).signatures)
    cosigned(request, ask(witness, replace(request, note=crowded)))
    seen = memory.last(ORIGIN)
    assert seen is not None
    assert seen.note == request.note


def test_what_cannot_be_written_down_is_not_signed(tmp_path: Path):
    path = tmp_path / "seen.json"
    create_memory(path)

    def full(_: Path, __: bytes) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with Memory(path, write=full) as memory:
        witness = Witness([WITNESS], logs=LOG_KEYS, memory=memory, now_s=lambda: NOW_S)
        answer = ask(witness, asking(GENUINE, 0, 3))
        assert (answer.status, memory.last(ORIGIN)) == (503, None)
        assert "No space" in answer.text


@pytest.fixture(scope="module")
def grown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Witness, Path, bytes]]:
    """A witness that knows seven events, its file, and a request that it would cosign."""
    path = tmp_path_factory.mktemp("witness") / "seen.json"
    create_memory(path)
    with Memory(path) as memory:
        witness = Witness([WITNESS], logs=LOG_KEYS, memory=memory, now_s=lambda: NOW_S)
        ask(witness, asking(GENUINE, 0, 7))
        yield witness, path, asking(GENUINE, 7, 30).to_bytes()


@given(data=st.data())
def test_a_mutated_request_changes_nothing(grown: tuple[Witness, Path, bytes], data: st.DataObject):
    witness, path, body = grown
    before = path.read_bytes()
    answer = witness.add_checkpoint(mutated(data, body))
    assert answer.status in {400, 403, 404, 409, 422}
    assert path.read_bytes() == before


def mutated(data: st.DataObject, body: bytes) -> bytes:
    """Change, cut out, repeat or insert bytes so that the request is another one."""
    start = data.draw(st.integers(0, len(body) - 1))
    length = data.draw(st.integers(0, 60))
    new = data.draw(st.one_of(st.binary(max_size=60), st.just(body[start : start + length] * 2)))
    changed = body[:start] + new + body[start + length :]
    return changed if changed != body else body[:start] + body[start + 1 :]


class Crashed(BaseException):
    """The process of the witness died."""


class Histories(RuleBasedStateMachine):
    """A log that signs what it likes, before a witness that crashes; any order of requests.

    Whatever happens, each tree that was cosigned extends all that were cosigned before.
    """

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name, "seen.json")
        self.histories = [leaves(12)]
        self.signed: list[tuple[TreeHead, int]] = []
        self.now_s = NOW_S
        self.crash = ""

    @initialize()
    def begin(self) -> None:
        create_memory(self.path)
        self.start()

    def start(self) -> None:
        self.memory = Memory(self.path, write=self.write)
        self.witness = Witness(
            [WITNESS], logs=LOG_KEYS, memory=self.memory, now_s=lambda: self.now_s
        )

    def write(self, path: Path, data: bytes) -> None:
        crash, self.crash = self.crash, ""
        if crash == "disk full":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if crash == "before":
            raise Crashed
        if crash == "half":
            path.with_name(path.name + PART).write_bytes(data[: len(data) // 2])
            raise Crashed
        replace_file(path, data)
        if crash == "after":
            raise Crashed

    def known(self) -> TreeHead:
        seen = self.memory.last(ORIGIN)
        return seen.tree if seen is not None else head([], 0)

    @rule(at=st.integers(0, 20), which=st.integers(0, 9))
    def fork(self, at: int, which: int) -> None:
        origin = self.histories[which % len(self.histories)]
        other = leaf_hash(f"fork {len(self.histories)}".encode())
        self.histories.append([*origin[:at], other, *origin[at + 1 :]])

    @rule(which=st.integers(0, 9), more=st.integers(1, 9))
    def grow(self, which: int, more: int) -> None:
        log = self.histories[which % len(self.histories)]
        log += leaves(more, f"more {len(log)}")

    @rule(which=st.integers(0, 9), old=st.none() | st.integers(0, 40), new=st.integers(0, 40))
    def ask(self, which: int, old: int | None, new: int) -> None:
        log = self.histories[which % len(self.histories)]
        size = self.known().size if old is None else min(old, len(log))
        self.submit(asking(log, size, min(new, len(log))))

    @rule(new=st.integers(0, 40))
    def ask_honestly(self, new: int) -> None:
        """Who extends what the witness knows, and can prove it, is cosigned."""
        known = self.known()
        honest = [log for log in self.histories if head(log, known.size) == known]
        assert honest, "the witness knows a tree that no log has"
        log = max(honest, key=len)
        fails = bool(self.crash)
        answer = self.submit(asking(log, known.size, max(min(new, len(log)), known.size)))
        assert fails or (answer is not None and answer.status == 200)

    @rule(which=st.integers(0, 9), new=st.integers(0, 40), spoiled=st.integers(0, 9))
    def ask_with_a_wrong_proof(self, which: int, new: int, spoiled: int) -> None:
        log = self.histories[which % len(self.histories)]
        request = asking(log, min(self.known().size, len(log)), min(new, len(log)))
        wrong = list(request.proof) or [bytes(32)]
        wrong[spoiled % len(wrong)] = leaf_hash(wrong[spoiled % len(wrong)])
        answer = self.submit(replace(request, proof=tuple(wrong)))
        assert answer is not None
        assert answer.status != 200

    @rule(to=st.integers(-5, 5))
    def set_the_clock(self, to: int) -> None:
        self.now_s += to

    @rule(when=st.sampled_from(["before", "half", "after", "disk full"]))
    def crash_at_the_next_write(self, when: str) -> None:
        self.crash = when

    @precondition(lambda self: not self.crash)
    @rule()
    def restart(self) -> None:
        self.memory.close()
        self.start()

    def submit(self, request: WitnessRequest) -> Answer | None:
        try:
            answer = ask(self.witness, request)
        except Crashed:
            self.memory.close()
            self.start()
            return None
        if answer.status == 200:
            time_s = cosigned(request, answer).time_s
            assert time_s is not None
            tree = parse_checkpoint(request.note.text).tree
            self.check(tree, time_s)
            self.signed.append((tree, time_s))
        return answer

    def check(self, tree: TreeHead, time_s: int) -> None:
        mine = [log for log in self.histories if head(log, tree.size) == tree]
        for before, before_s in self.signed:
            assert before_s <= time_s
            assert any(head(log, before.size) == before for log in mine if len(log) >= tree.size)
            assert before.size <= tree.size

    @invariant()
    def knows_what_it_signed_last(self) -> None:
        if self.signed:
            assert self.known().size >= self.signed[-1][0].size

    def teardown(self) -> None:
        self.memory.close()
        self.folder.cleanup()


def test_nothing_gets_two_histories_cosigned():
    run_state_machine_as_test(
        Histories, settings=settings(deadline=None, max_examples=30, stateful_step_count=30)
    )
