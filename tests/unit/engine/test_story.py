"""Stories: what brought a node where it is, and why a write in doubt is not sent again."""

import pytest

from interlock.actions import Manifest
from interlock.engine import doubt_of, story
from interlock.journal import (
    AttemptFailed,
    AttemptStarted,
    Entry,
    ErrorInfo,
    Event,
    NodeInDoubt,
    NodeResolved,
    NodeSettled,
    ProbeAnswered,
    RunRecovered,
    Value,
)
from interlock.values import Digest, Path

PAY = Path("pay")
LOST = ErrorInfo(code="IL6010", message="no answer")
HOUR_MS = 3_600_000


def entries(*events: tuple[int, Event]) -> list[Entry]:
    return [
        Entry(event, at_ms=at_ms, seq=seq, actor="ada")
        for seq, (at_ms, event) in enumerate(events, start=1)
    ]


def started(attempt: int = 1, path: Path = PAY) -> AttemptStarted:
    return AttemptStarted(
        path=path, generation=1, attempt=attempt, call_key=Digest("sha256:1"), args=Value.of({})
    )


def in_doubt() -> NodeInDoubt:
    return NodeInDoubt(path=PAY, generation=1, attempt=1, error=LOST)


RECOVERED = RunRecovered(owner="host-2")


def test_a_story_has_the_events_of_its_node_and_the_recoveries_it_lived_through():
    found = story(
        entries(
            (1, RECOVERED),
            (2, started()),
            (3, started(path=Path("other"))),
            (4, RECOVERED),
            (5, in_doubt()),
            (6, NodeResolved(path=PAY, generation=1, verdict="succeeded", reason="saw it")),
            (7, NodeSettled(path=PAY, generation=1, status="succeeded")),
            (8, RECOVERED),
        ),
        PAY,
    )
    assert [(moment.entry.seq, moment.text) for moment in found] == [
        (2, "attempt 1 was about to be sent"),
        (4, "host-2 took the run up"),
        (5, "in doubt: IL6010 no answer"),
        (6, "ada resolved it as succeeded: saw it"),
        (7, "succeeded"),
    ]


def why(action: Manifest, *events: tuple[int, Event]) -> str:
    doubt = doubt_of(story(entries(*events), PAY), action)
    assert doubt is not None
    return doubt.why


def test_a_write_without_means_is_not_sent_again():
    told = why(Manifest(name="pay"), (1, started()), (2, in_doubt()))
    assert told == "pay declares no key and no probe, so Interlock will not repeat it"


def test_a_key_that_has_expired_is_told():
    action = Manifest(name="pay", key="id", window_ms=HOUR_MS)
    told = why(action, (0, started()), (HOUR_MS, in_doubt()))
    assert "which had passed" in told


def test_a_key_that_did_not_help_is_told_with_the_attempts():
    action = Manifest(name="pay", key="id", window_ms=HOUR_MS)
    told = why(action, (0, started()), (1, RECOVERED), (2, started(2)), (3, in_doubt()))
    assert told.startswith("it was sent 2 times with the same key")


def test_a_probe_that_could_not_tell_is_told():
    action = Manifest(name="pay", probe=True)
    answer = ProbeAnswered(path=PAY, generation=1, attempt=1, answer="unknown", message="503")
    assert why(action, (1, started()), (2, answer), (3, in_doubt())).startswith(
        "its probe could not tell (503)"
    )


@pytest.mark.parametrize(
    "between, what",
    [
        (RECOVERED, "no answer before the process died"),
        (
            AttemptFailed(
                path=PAY, generation=1, attempt=1, error=ErrorInfo(code="IL6001", message="OSError")
            ),
            "OSError; it may have happened all the same",
        ),
    ],
)
def test_what_became_of_the_answer_is_told(between: Event, what: str):
    moments = story(entries((7, started()), (8, between), (9, in_doubt())), PAY)
    doubt = doubt_of(moments, Manifest(name="pay"))
    assert doubt is not None
    assert (doubt.sent_ms, doubt.what) == (7, what)


def test_nothing_is_in_doubt_that_was_not_sent():
    assert doubt_of(story(entries((1, in_doubt())), PAY), Manifest(name="pay")) is None
