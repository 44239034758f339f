"""A process that owns runs: it does what it is told on stdin, a line each, and answers on stdout.

lease RUN OWNER NOW_MS LIFE_MS   answers with the epoch
write RUN FIRST COUNT EPOCH      answers `written`, or the runs that are fenced
flood RUN BATCHES SIZE           answers `written`
"""

import sys

from interlock.journal import OwnerId
from interlock.store import Store, open_store
from interlock.testing.store import record, value
from interlock.values import RunId


def obey(store: Store, order: str, *words: str) -> str:
    match order, words:
        case "lease", (run, owner, now_ms, life_ms):
            lease = store.lease(
                RunId(run), OwnerId(owner), now_ms=int(now_ms), life_ms=int(life_ms)
            )
            return str(lease.epoch)
        case "write", (run, first, count, epoch):
            seqs = range(int(first), int(first) + int(count))
            fenced = store.write([record(RunId(run), seq, epoch=int(epoch)) for seq in seqs])
            return f"fenced {' '.join(sorted(fenced))}" if fenced else "written"
        case "flood", (run, batches, size):
            for first in range(1, int(batches) * int(size), int(size)):
                seqs = range(first, first + int(size))
                store.write([record(RunId(run), seq, values=[value(b"%d" % seq)]) for seq in seqs])
            return "written"
        case _:
            raise ValueError(order)


def main() -> None:
    store = open_store(sys.argv[1])
    say("ready")
    for line in sys.stdin:
        say(obey(store, *line.split()))
    store.close()


def say(words: str) -> None:
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


main()
