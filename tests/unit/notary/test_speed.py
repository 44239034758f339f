"""What a log of a million events costs: proofs and checkpoints do not grow with it."""

from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from time import process_time

import pytest

from interlock.audit import Frontier, leaf_hash, prove_inclusion
from interlock.notary import create_keys, new_ring, sign_log
from interlock.store import Store, log_tree, open_store
from interlock.testing.made import record
from interlock.values import RunId

pytestmark = [pytest.mark.bench, pytest.mark.slow]

EVENTS = 1_000_000
BATCH = 5_000
PROOF_S_MAX = 0.005
CHECKPOINT_S_MAX = 0.050
LEAF_S_MAX = 1.5e-6


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    made = open_store(str(tmp_path_factory.mktemp("log") / "journal.db"))
    for number in range(EVENTS // BATCH):
        run = RunId(f"01{number:024d}")
        made.write([record(run, seq) for seq in range(1, BATCH + 1)])
    yield made
    made.close()


def spent_s(work: Callable[[], object]) -> float:
    start = process_time()
    work()
    return process_time() - start


def test_a_leaf_costs_one_hash_of_a_node():
    leaves = [leaf_hash(number.to_bytes(4)) for number in range(100_000)]
    spent = min(spent_s(lambda: Frontier().extend(leaves)) for _ in range(5))
    assert spent / len(leaves) < LEAF_S_MAX


def test_a_proof_from_a_large_log_takes_less_than_five_milliseconds(store: Store):
    places = range(0, EVENTS, EVENTS // 200)
    spent = [
        spent_s(lambda place=place: prove_inclusion(place, EVENTS, log_tree(store)))
        for place in places
    ]
    assert median(spent) < PROOF_S_MAX


def test_a_checkpoint_of_a_large_log_is_made_at_once(store: Store, tmp_path: Path):
    key_file = tmp_path / "keys" / "test.key"
    create_keys(key_file, new_ring("interlock/test", now_ms=1))
    first = spent_s(lambda: sign_log(store, key_file))
    store.write([record(RunId(f"02{0:024d}"), 1)])
    assert max(first, spent_s(lambda: sign_log(store, key_file))) < CHECKPOINT_S_MAX
