"""The row of a run, event by event."""

from dataclasses import replace

from interlock.journal import Entry, ErrorInfo, NodeInDoubt, NodeResolved, PartsErased
from interlock.replay import Heading
from interlock.values import Path
from unit.replay.journals import RUN, journal


def test_a_run_is_in_doubt_until_the_last_of_its_doubts_is_resolved():
    heading = Heading(RUN)
    heading.take(journal("chain")[0])
    told: list[str] = []
    doubt, lost = ("a", "b"), ErrorInfo(code="IL6010", message="lost")
    for name in doubt:
        event = NodeInDoubt(path=Path(name), generation=1, attempt=1, error=lost)
        heading.take(Entry(event, at_ms=1))
    for name in doubt:
        event = NodeResolved(path=Path(name), generation=1, verdict="failed")
        head = heading.take(Entry(event, at_ms=2))
        assert head is not None
        told.append(head.status)
    assert told == ["in_doubt", "running"]


def test_a_run_that_rests_goes_on_resting_when_parts_of_it_are_erased():
    heading = Heading(RUN)
    heading.take(journal("chain")[0])
    assert heading.head is not None
    heading.head = before = replace(heading.head, status="waiting", wake_ms=7)
    assert heading.take(Entry(PartsErased(parts=("1.inputs",), rule="r"), at_ms=9)) is None
    assert heading.head == before
