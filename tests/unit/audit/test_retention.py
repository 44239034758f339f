"""Periods, profiles and holds: what they say, and what is refused."""

import pytest
from hypothesis import given, strategies as st

from interlock.audit import (
    PROFILES,
    Hold,
    Keeping,
    Retention,
    RunFacts,
    period_of as period,
    period_text as text,
    retention_of,
)
from interlock.errors import UsageError
from interlock.journal import (
    HoldPlaced,
    HoldReleased,
    RunsPruned,
    StoreEntry,
    principal_of,
)
from interlock.values import RunId

DAY = 86_400_000
EVE = principal_of("eve").actor
ONE = RunId("01ONE")
TIMES = st.none() | st.integers(0, 20)


def entry(seq: int, event: HoldPlaced | HoldReleased | RunsPruned) -> StoreEntry:
    return StoreEntry(event=event, seq=seq, at_ms=seq, actor=EVE)


@given(st.integers(1, 9_999), st.sampled_from("hdwy"))
def test_a_period_is_read_and_written(number: int, unit: str):
    try:
        found = period(f"{number}{unit}")
    except UsageError:
        assert (unit == "y" and number > 100) or (unit == "w" and number > 5_000)
        return
    assert period(text(found)) == found


def test_a_year_is_never_too_short():
    assert period("1y") == 366 * DAY
    assert period("4y") >= (365 * 4 + 1) * DAY


@pytest.mark.parametrize(
    "wrong", ["", "0d", "d", "1", "-1d", "1.5d", "1m", "1 d", "101y", "9999999h"]
)
def test_what_is_no_period_is_refused(wrong: str):
    with pytest.raises(UsageError) as caught:
        period(wrong)
    assert caught.value.code == "IL8600"


def test_values_go_with_their_events_at_the_latest():
    assert retention_of({"events": "5d"}).period_ms("values") == 5 * DAY
    assert retention_of({"values": "5d"}).period_ms("events") is None
    assert retention_of({}) == Retention()


def test_the_floor_of_a_profile_is_that_of_its_source():
    profile = PROFILES["eu-ai-act"]
    assert profile.floor_ms == 183 * DAY
    assert "19(1) and 26(6)" in profile.source
    settings = {"profile": "eu-ai-act", "events": "183d"}
    assert retention_of(settings).rule("events") == "events = 183d, profile eu-ai-act"
    with pytest.raises(UsageError, match="Articles 19"):
        retention_of({**settings, "values": "182d"})


def covers(event: HoldPlaced, facts: RunFacts) -> bool:
    return Hold(placed=entry(1, event), event=event).covers(facts, in_doubt=True)


@given(TIMES, TIMES, st.integers(0, 20), st.none() | st.integers(0, 20))
def test_a_hold_on_a_span_is_on_every_run_that_was_going_on_in_it(
    after_ms: int | None, before_ms: int | None, started_ms: int, took_ms: int | None
):
    ended_ms = None if took_ms is None else started_ms + took_ms
    facts = RunFacts(run=ONE, graph="g", started_ms=started_ms, ended_ms=ended_ms)
    moments = range(started_ms, 60 if ended_ms is None else ended_ms + 1)
    first, end = after_ms or 0, 60 if before_ms is None else before_ms
    expected = started_ms < end and (ended_ms is None or ended_ms >= first)
    event = HoldPlaced(reason="r", after_ms=after_ms, before_ms=before_ms)
    assert covers(event, facts) == expected
    if any(first <= at < end for at in moments):
        assert expected


def test_a_hold_is_on_runs_that_fit_all_that_is_given():
    facts = RunFacts(run=ONE, graph="pay", started_ms=5, ended_ms=9)
    assert covers(HoldPlaced(reason="r"), facts)
    assert covers(HoldPlaced(reason="r", held=ONE, graph="pay"), facts)
    assert not covers(HoldPlaced(reason="r", held=ONE, graph="other"), facts)
    assert not covers(HoldPlaced(reason="r", held=RunId("02"), graph="pay"), facts)


def test_a_graph_that_is_not_known_any_more_counts_as_held_for_who_prunes():
    facts = RunFacts(run=ONE, graph=None, started_ms=5, ended_ms=9)
    event = HoldPlaced(reason="r", graph="pay")
    hold = Hold(placed=entry(1, event), event=event)
    assert hold.covers(facts, in_doubt=True)
    assert not hold.covers(facts, in_doubt=False)


def test_a_hold_is_in_force_from_its_event_to_its_release():
    keeping = Keeping.of(
        [
            entry(1, HoldPlaced(reason="r")),
            entry(2, HoldPlaced(reason="r")),
            entry(3, HoldReleased(hold=1, reason="over")),
            entry(4, HoldReleased(hold=1, reason="again")),
            entry(5, HoldReleased(hold=9, reason="never was")),
        ]
    )
    one, two = keeping.holds[1], keeping.holds[2]
    assert [one.in_force(seq) for seq in (1, 2, 3, 4)] == [False, True, False, False]
    assert [two.in_force(seq) for seq in (2, 3, 99)] == [False, True, True]
    assert [hold.number for hold in keeping.active()] == [2]
    assert keeping.size == 5
