"""The parts of the proof: what each tries, how often at night, and how often in CI."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from proofs import flips, honest, kills, power, races, refusals, seeds, tampering, zombies
from proofs.figures import Figures

Prove = Callable[[range, Path], Figures]
"""Make a trial for each of some seeds, in an empty folder; the same seeds are the same trials."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One kind of trial.

    Attributes:
        tries: what it does to the world.
        nightly: trials at night.
        ci: trials in `make test`.
        chunk: trials that one process makes: half a minute or so. What is finished is kept by it.
    """

    name: str
    tries: str
    prove: Prove
    nightly: int
    ci: int
    chunk: int


PARTS = {
    part.name: part
    for part in (
        Part(
            name="kills",
            tries="SIGKILL at random times under load, against an external counter",
            prove=kills.prove,
            nightly=10_000,
            ci=50,
            chunk=100,
        ),
        Part(
            name="zombies",
            tries="SIGSTOP, another owner, SIGCONT",
            prove=zombies.prove,
            nightly=1_000,
            ci=10,
            chunk=50,
        ),
        Part(
            name="power",
            tries="power loss: what the writes and syncs of the store may leave",
            prove=power.prove,
            nightly=300_000,
            ci=3_000,
            chunk=5_000,
        ),
        Part(
            name="flips",
            tries="one bit flipped in the file or in its log",
            prove=flips.prove,
            nightly=5_000,
            ci=200,
            chunk=1_000,
        ),
        Part(
            name="tampering",
            tries="somebody changes a file or what was published of its log, and hides it",
            prove=tampering.prove,
            nightly=10_000,
            ci=200,
            chunk=500,
        ),
        Part(
            name="honest",
            tries="nobody changes anything; processes die, and others go on",
            prove=honest.prove,
            nightly=5_000,
            ci=100,
            chunk=100,
        ),
        Part(
            name="refusals",
            tries="the k-th call to the disk fails: full, broken, read-only",
            prove=refusals.prove,
            nightly=20_000,
            ci=200,
            chunk=1_000,
        ),
        Part(
            name="races",
            tries="several processes open one journal at once",
            prove=races.prove,
            nightly=3_000,
            ci=30,
            chunk=300,
        ),
        Part(
            name="seeds",
            tries="random graphs of every kind in a simulated world",
            prove=seeds.prove,
            nightly=100_000,
            ci=200,
            chunk=1_000,
        ),
    )
}
