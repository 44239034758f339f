"""Journals as files, so that those of every release replay for good.

A file has one line for the run and one for each event: its envelope, and the values that it names
first. `python tests/unit/replay/golden.py` writes those of this version again; those of a version
that was released are never written again.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import orjson

from interlock.journal import Entry, decode_entry, encode_entry, values_of
from interlock.values import Json, RunId, ValueRef, canonical, encode

FOLDER = Path(__file__).parents[2] / "golden" / "journals"
HOW = "before a release, run `PYTHONPATH=tests python tests/unit/replay/golden.py`"


@dataclass(frozen=True, kw_only=True)
class Golden:
    """A recorded journal, and the execution digest that its replay must give."""

    run: RunId
    execution: str | None
    bodies: list[bytes]
    values: dict[ValueRef, bytes]

    def entries(self) -> list[Entry]:
        found = [decode_entry(body, self.values.get) for body in self.bodies]
        assert {run for run, _ in found} == {self.run}
        return [entry for _, entry in found]


def read(path: Path) -> Golden:
    head, *lines = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    values = {ref: encode(value) for line in lines for ref, value in line["values"].items()}
    return Golden(
        run=RunId(head["run"]),
        execution=head["execution"],
        bodies=[canonical(line["event"]) for line in lines],
        values=values,
    )


def lines_of(run: RunId, entries: tuple[Entry, ...]) -> Iterator[bytes]:
    execution = getattr(entries[-1].event, "execution", None)
    yield canonical({"run": run, "execution": execution})
    known: set[ValueRef] = set()
    for entry in entries:
        new = [value for value in values_of(entry.event) if value.ref not in known]
        known.update(value.ref for value in new)
        values: dict[str, Json] = {value.ref: value.json for value in new}
        yield canonical({"event": orjson.loads(encode_entry(run, entry)), "values": values})


def main() -> None:
    from sim.stories import RUN
    from unit.replay.journals import MAKERS, journal

    folder = FOLDER / version("interlock")
    folder.mkdir(parents=True, exist_ok=True)
    for name in MAKERS:
        path = folder / f"{name}.jsonl"
        path.write_bytes(b"\n".join(lines_of(RUN, journal(name))) + b"\n")
        print(path)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
