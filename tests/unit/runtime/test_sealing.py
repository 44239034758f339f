"""Sealing: an event gets its bytes, its leaf, and salts that nothing else has."""

import os
from collections import Counter
from dataclasses import replace
from threading import Thread

from interlock.audit import SALT_BYTES, leaf_of
from interlock.journal import Actor, Entry, RunPaused
from interlock.runtime import SystemIds
from interlock.runtime.commits import Sealer
from interlock.runtime.commits.sealing import MAKERS_MAX
from interlock.testing import CountingIds
from interlock.values import RunId

RUN = RunId("R1")
EVENTS = 1_000


def entry(seq: int) -> Entry:
    return Entry(RunPaused(reason=f"reason {seq}"), 1, seq, 1, Actor("unauthenticated:ann"))


def salts_of(sealer: Sealer, count: int = EVENTS) -> list[bytes]:
    """The salts of some events: two each, of the reason and of the actor."""
    dealt = [sealer.seal(RUN, entry(seq))[2] for seq in range(1, count + 1)]
    return [each[at : at + SALT_BYTES] for each in dealt for at in (0, SALT_BYTES)]


def test_what_is_sealed_can_be_made_again():
    body, leaf, salts = Sealer(CountingIds().chance).seal(RUN, entry(1))
    assert len(salts) == 2 * SALT_BYTES
    assert leaf_of(body, salts) == leaf


def test_no_two_parts_have_one_salt():
    found = Counter(salts_of(Sealer(SystemIds().chance)))
    assert len(found) == 2 * EVENTS


def test_a_runtime_has_one_salt_in_each_run():
    sealer, salts = Sealer(SystemIds().chance), list[bytes]()
    for run, owner in (("R1", "a"), ("R2", "a"), ("R1", "a"), ("R1", "b"), ("R2", "a")):
        made = replace(entry(1), actor=Actor(f"runtime:{owner}"))
        body, leaf, dealt = sealer.seal(RunId(run), made)
        assert leaf_of(body, dealt) == leaf
        salts.append(dealt[:SALT_BYTES])
    assert [salts.index(salt) for salt in salts] == [0, 1, 0, 3, 1]
    sealer.forget()
    assert sealer.seal(RUN, made)[2][:SALT_BYTES] not in salts


def test_many_runs_at_once_are_sealed_with_salts_of_their_own():
    sealer = Sealer(SystemIds().chance)
    made = replace(entry(1), actor=Actor("runtime:a"))
    runs = [RunId(f"R{number}") for number in range(MAKERS_MAX + 2)]
    assert len({sealer.seal(run, made)[2][:SALT_BYTES] for run in runs}) == len(runs)
    assert len({sealer.seal(run, made)[2] for run in runs}) == len(runs)


def test_threads_get_salts_of_their_own():
    sealer, found = Sealer(SystemIds().chance), list[bytes]()
    threads = [Thread(target=lambda: found.extend(salts_of(sealer))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == len(found) == 8 * EVENTS


def test_a_fork_does_not_use_the_salts_of_its_parent():
    sealer = Sealer(SystemIds().chance)
    salts_of(sealer, 1)
    reads, writes = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writes, b"".join(salts_of(sealer, 3)))
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reads, 4_096)
    os.close(reads)
    os.close(writes)
    assert len(theirs) == 6 * SALT_BYTES
    assert not any(salt in theirs for salt in salts_of(sealer, 3))
