"""Limits of calls: what makes sense, and for which actions."""

from typing import Any

import pytest

from interlock.errors import UsageError
from interlock.runtime import CallLimit, Runtime
from interlock.store import MemoryStore
from interlock.testing import World


@pytest.mark.parametrize(
    "fields, told",
    [
        ({"actions": ""}, "names no actions"),
        ({}, "limits nothing"),
        ({"concurrency_max": 0}, "`concurrency_max` 0"),
        ({"concurrency_max": 1, "burst_max": 0}, "`burst_max` 0"),
        ({"concurrency_max": 1, "burst_max": 2}, "`burst_max` and no `rate_per_s`"),
        ({"rate_per_s": 0}, "`rate_per_s` 0"),
        ({"rate_per_s": float("nan")}, "`rate_per_s` nan"),
        ({"rate_per_s": 1_000_001}, "`rate_per_s` 1000001"),
    ],
)
def test_what_makes_no_sense_is_refused(fields: dict[str, Any], told: str):
    with pytest.raises(UsageError, match=told) as caught:
        CallLimit(**{"actions": "llm.*", **fields})
    assert caught.value.hint


@pytest.mark.parametrize(
    "limit, told, hint",
    [
        (CallLimit(actions="wriet", concurrency_max=1), "fits no action", "mean `write`"),
        (CallLimit(actions="llm.*", concurrency_max=1), "fits no action", "there are: keyed"),
        (
            CallLimit(actions="w*", concurrency_max=1, by="lable"),
            "`lable`, which is no argument of `write`",
            "mean `label`",
        ),
    ],
)
def test_a_limit_that_would_never_hold_is_refused(limit: CallLimit, told: str, hint: str):
    with pytest.raises(UsageError, match=told) as caught:
        Runtime(MemoryStore(), World().registry, limits=[limit])
    assert hint in caught.value.hint


def test_a_process_has_at_least_one_call_in_flight():
    with pytest.raises(UsageError, match="`attempts_in_flight_max` is 0"):
        Runtime(MemoryStore(), World().registry, attempts_in_flight_max=0)
