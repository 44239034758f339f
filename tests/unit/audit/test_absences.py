"""What a receipt does not show: a reader sees what was erased, what was pruned, what is withheld.

Each case goes through both verifiers, which have to say the same.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from interlock.audit import Disclosure, Evidence, build_receipt, prove_leaves
from interlock.journal import Pruned
from unit.audit.javascript import needs_node
from unit.audit.logs import (
    AT_MS,
    ELSEWHERE,
    PERSON,
    RUN,
    MadeLog,
    a_log,
    a_pruned_log,
    an_erased_log,
    story,
)
from unit.audit.test_agreement import agreed

pytestmark = needs_node
ALL = Disclosure(shows=lambda _path, _part: True)
BY = {"leaf": 29, "rule": "GDPR Art. 17", "by": PERSON, "at_ms": AT_MS + 99}


def told(data: bytes) -> tuple[Any, list[str]]:
    """What both verifiers say of a receipt that holds: as data, and in words."""
    ((verdict, lines),) = agreed([data])
    assert isinstance(lines, list), (verdict, lines)
    return json.loads(verdict), lines


def lines_of(lines: list[str], label: str) -> list[str]:
    return [line[16:] for line in lines if line[2:16].strip() == label]


def test_what_was_erased_is_told_from_what_is_withheld():
    verdict, lines = told(build_receipt(an_erased_log().evidence(), Disclosure()))
    erased = {f"{row['seq']}.{row['part']}": row for row in verdict["erased"]}
    assert erased.keys() == {"1.inputs", "3.reason", "3.actor", "7.path"}
    assert erased["3.actor"]["erasure"] == {"seq": 9, **BY}
    assert "inputs" not in verdict["withheld"]
    assert verdict["withheld"]["reason"] == 1, "the reason of the erasure itself"
    assert lines_of(lines, "erasure") == [
        f"leaf 29 (event 9), rule: GDPR Art. 17; by {PERSON} at 2026-09-21 14:13:20.099 UTC"
    ]
    assert lines_of(lines, "erased")[0] == "event 1, the run, inputs: by the erasure at leaf 29"
    assert "event 3, ask: GateDecided approved by erased at" in lines_of(lines, "approval")[0]
    assert lines_of(lines, "execution") == ["not shown"]
    assert "actor (1)" in lines_of(lines, "withheld")[0]


def test_all_that_is_left_is_shown_and_nothing_is_withheld():
    verdict, lines = told(build_receipt(an_erased_log().evidence(), ALL))
    assert (len(verdict["erased"]), verdict["withheld"]) == (4, {})
    assert lines_of(lines, "withheld") == ["nothing"]


def test_a_receipt_from_before_the_erasure_shows_what_it_showed():
    verdict, lines = told(build_receipt(a_log().evidence(), ALL))
    assert (verdict["erased"], verdict["withheld"]) == ([], {})
    assert lines_of(lines, "erased") == []


def test_what_is_shown_is_shown_although_it_was_erased_later():
    log = a_log()
    before = log.leaves[:]
    log.erase("1.inputs")
    log.leaves[: len(before)] = before
    verdict, _ = told(build_receipt(log.evidence(), ALL))
    assert (verdict["erased"], verdict["disclosed"]["inputs"]) == ([], 1)


def test_the_rule_of_an_erasure_can_be_withheld_and_may_be_none():
    data = build_receipt(an_erased_log().evidence(), Disclosure(withheld=["rule", "actor"]))
    assert "rule: not shown; by not shown at" in lines_of(told(data)[1], "erasure")[0]


def test_a_pruning_takes_nothing_of_events_that_came_after_it():
    log = MadeLog()
    log.prune(Pruned(run=RUN, ended_ms=AT_MS, events=1, hashes="f" * 64))
    log.add(RUN, story())
    verdict, lines = told(build_receipt(log.evidence(), Disclosure()))
    assert (len(verdict["prunings"]), verdict["pruned"]) == (1, {})
    assert verdict["withheld"]["output"] == 4
    assert not any("with these:" in line for line in lines)


def test_an_event_tells_of_no_part_that_came_after_it():
    log = MadeLog()
    log.add(RUN, story()[:2])
    log.erase("2.ask", "3.reason", "4.reason")
    log.erase("3.rule")
    verdict, _ = told(build_receipt(log.evidence(), Disclosure()))
    erased = [(row["seq"], row["part"], row["erasure"]["seq"]) for row in verdict["erased"]]
    assert erased == [(2, "ask", 3), (3, "rule", 4)]
    assert verdict["withheld"]["reason"] == 2


def test_what_is_left_of_a_run_that_was_pruned_says_so():
    verdict, lines = told(build_receipt(a_pruned_log().evidence(seqs=[1, 8]), Disclosure()))
    values, events = verdict["prunings"]
    assert (values["what"], values["events"], values["leaf"]) == ("values", None, 29)
    assert (events["what"], events["events"], events["rule"]) == ("events", 6, "events = 1d")
    assert verdict["pruned"].keys() == {"actor", "inputs", "principal", "execution", "output"}
    assert verdict["withheld"] == {"document": 1}
    by = "by authenticated:oidc:bob at 2026-09-22 14:13:20.000 UTC"
    assert lines_of(lines, "execution") == ["pruned"]
    assert lines_of(lines, "started")[0].endswith(" by pruned")
    assert lines_of(lines, "pruned") == [
        f"values: by the pruning at leaf 29, rule: values = 1d; {by}",
        f"events (6): by the pruning at leaf 31, rule: events = 1d; {by}",
        "with these: actor (1), execution (1), inputs (1), output (1), principal (1)",
    ]


def test_a_pruning_of_values_alone_takes_no_part():
    log = a_log()
    log.prune(Pruned(run=RUN, ended_ms=AT_MS), what="values")
    verdict, _ = told(build_receipt(log.evidence(), Disclosure()))
    assert (verdict["whole"], verdict["pruned"]) == (True, {})
    assert verdict["withheld"]["inputs"] == 1


def proved(log: MadeLog, base: Evidence) -> bytes:
    """Build a receipt from leaves that are chosen freely, with a proof that fits them."""
    indices = sorted({event.index for event in (*base.events, *base.retention)})
    root = lambda height, index: log.root(index << height, (index + 1) << height)  # noqa: E731
    proof = prove_leaves(indices, len(log.leaves), root)
    return build_receipt(replace(base, proof=proof), Disclosure())


def twice(log: MadeLog, base: Evidence) -> Evidence:
    return replace(base, retention=[base.retention[0]] * 2)


def backwards(log: MadeLog, base: Evidence) -> Evidence:
    return replace(base, retention=base.retention[::-1])


def of_the_run(log: MadeLog, base: Evidence) -> Evidence:
    return replace(base, events=base.events[:1], retention=base.events[1:])


def of_another_run(log: MadeLog, base: Evidence) -> Evidence:
    log.prune(Pruned(run=ELSEWHERE, ended_ms=AT_MS), what="values", seq=3)
    return replace(log.evidence(seqs=[1, 8]), retention=log.evidence().retention[-1:])


def among_the_events(log: MadeLog, base: Evidence) -> Evidence:
    return replace(base, events=[*base.events, base.retention[0]], retention=[])


def in_both(log: MadeLog, base: Evidence) -> Evidence:
    return replace(base, events=[*base.events, base.retention[0]])


Change = Callable[[MadeLog, Evidence], Evidence]
WRONG: list[tuple[Change, str, str]] = [
    (twice, "IL8502", "$.retention[1].index"),
    (backwards, "IL8502", "$.retention[1].index"),
    (in_both, "IL8502", "$.retention[0].index"),
    (of_the_run, "IL8545", "$.retention[0].leaf.run"),
    (of_another_run, "IL8545", "$.retention[0].leaf"),
    (among_the_events, "IL8545", "$.leaves[2].leaf.run"),
]


@pytest.mark.parametrize("change,code,place", WRONG, ids=lambda each: getattr(each, "__name__", ""))
def test_what_is_no_pruning_of_the_run_is_refused(change: Change, code: str, place: str):
    log = a_pruned_log()
    data = proved(log, change(log, log.evidence(seqs=[1, 8])))
    ((told, why),) = agreed([data])
    assert (told, why[0]) == (code, place)


def test_without_the_leaf_of_the_pruning_nothing_is_called_pruned():
    log = a_pruned_log()
    verdict, _ = told(proved(log, replace(log.evidence(seqs=[1, 8]), retention=[])))
    assert (verdict["prunings"], verdict["pruned"]) == ([], {})
    assert verdict["withheld"]["inputs"] == 1
