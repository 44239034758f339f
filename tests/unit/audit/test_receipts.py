"""Receipts: what they prove, what they keep to themselves, and which place is named."""

import json
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from interlock.actions import Manifest
from interlock.audit import Disclosure, Trust, build_receipt, check_receipt, verdict_lines
from interlock.errors import EvidenceRefused
from interlock.journal import (
    AttemptReturned,
    AttemptStarted,
    RunSettled,
    Value,
)
from interlock.values import Json, Path, RunId, canonical, is_keyed, value_ref
from unit.audit.logs import (
    BILL,
    LOG_KEY,
    NOW_MS,
    PIN,
    RUN,
    WITNESS_KEY,
    MadeLog,
    a_log,
    decided,
    digest,
    execution,
    owned,
    settled,
    started,
    story,
)
from unit.audit.mutations import MUTATIONS, Mutation, cut, flip, repeat

TRUST = Trust(keys=[LOG_KEY], witnesses=[WITNESS_KEY], now_ms=NOW_MS)
ALL = Disclosure(shows=lambda _path, _part: True)
RECEIPT = build_receipt(a_log().evidence(), ALL)
RECEIPT_BYTES_MAX = 100_000
WRITER = "runtime:host-7:4711:1a2b3c4d"
RAW = (flip, cut, repeat)
"""Changes that may be made twice: those of others need JSON to work on."""


def checked(data: bytes) -> dict[str, Any]:
    return check_receipt(data, TRUST)


def changed(data: bytes, change: Callable[[Any], None]) -> bytes:
    tree = json.loads(data)
    change(tree)
    return json.dumps(tree).encode()


def test_a_receipt_of_a_whole_run_says_who_what_and_how_it_ended():
    verdict = checked(build_receipt(a_log().evidence(), Disclosure()))
    claims = verdict["claims"]
    assert verdict["whole"]
    assert verdict["events"] == {"shown": 8, "first": 1, "last": 8}
    assert claims["started_by"] == "unauthenticated:ada"
    assert claims["plans"] == [digest("a")]
    assert claims["ended"]["status"] == "succeeded"
    assert claims["guarantees"] == {"charge": "one effect", "words": "repeatable"}
    assert [(one["verdict"], one["by"]) for one in claims["approvals"]] == [
        ("approved", "authenticated:oidc:bob")
    ]
    assert verdict["log"]["witnesses"] == [{"name": "witness.example", "at_s": 1_790_000_000}]


def test_what_is_not_disclosed_cannot_be_guessed_from_the_file():
    data = build_receipt(a_log().evidence(), Disclosure()).decode()
    event = story()
    values = [Value.of({"pin": PIN}), Value.of("two words"), Value.of("May it?")]
    secrets = [
        str(PIN),
        "fine by me",
        "two words",
        "May it?",
        "host-7",
        'docs["a7"]',
        "docs[",
        "Zo",
    ]
    secrets += [value.ref for value in values] + [digest(letter) for letter in "bc"]
    secrets += [value_ref(canonical(PIN)), execution(BILL), "finance", "tokens"]
    assert [secret for secret in secrets if secret.removeprefix("sha256:") in data] == []
    assert len(event) == data.count('"index":')


def owned_receipt() -> bytes:
    log = MadeLog()
    log.add(RUN, owned())
    return build_receipt(log.evidence(), ALL)


def test_a_value_of_data_subjects_is_shown_with_what_opens_it_alone():
    data = owned_receipt()
    tree = json.loads(data)
    keyed = {ref for ref in tree["values"] if is_keyed(ref)}
    assert len(keyed) == 2
    assert tree["openers"].keys() == keyed
    assert {"to": "Ada"} in [row["value"] for row in checked(data)["shown"]]
    for letter in (b"a", b"b"):
        assert (letter * 32).hex() not in data.decode()


@pytest.mark.parametrize("name", ["drop", "swap", "more", "flip"])
def test_what_does_not_open_a_value_is_refused(name: str):
    def change(tree: dict[str, Any]) -> None:
        openers = tree["openers"]
        first, second = openers
        if name == "drop":
            del openers[first]
        elif name == "swap":
            openers[first], openers[second] = openers[second], openers[first]
        elif name == "more":
            openers[digest("a")] = openers[first]
        else:
            tree["values"][first] = "somebody else's"

    with pytest.raises(EvidenceRefused) as caught:
        checked(changed(owned_receipt(), change))
    assert caught.value.code == "IL8544"


def test_values_are_shown_where_asked_and_nowhere_else():
    shows = lambda path, part: path == "charge" and part == "output"  # noqa: E731
    data = build_receipt(a_log().evidence(), Disclosure(shows=shows))
    tree = json.loads(data)
    assert {"paid": 12.5, "to": "Zoë €"} in tree["values"].values()
    assert str(PIN) not in data.decode()
    verdict = checked(data)
    assert verdict["disclosed"]["output"] == 2
    assert [(row["seq"], row["value"]) for row in verdict["shown"]] == [
        (5, {"paid": 12.5, "to": "Zoë €"}),
        (6, {"paid": 12.5, "to": "Zoë €"}),
    ]
    line = '  shown         event 5, charge, output: {"paid":12.5,"to":"Zoë €"}'
    assert line in verdict_lines(verdict)


def test_a_long_value_and_many_values_are_cut_in_words():
    log = MadeLog()
    events = [(settled(f"n{number}", output=Value.of("é" * 300)), "engine") for number in range(70)]
    log.add(RUN, [(started(), "unauthenticated:ada"), *events])
    lines = verdict_lines(checked(build_receipt(log.evidence(), ALL)))
    rows = [line for line in lines if line.startswith("  shown ")]
    assert len(rows) == 101
    assert rows[-1].endswith("and 43 more in the file")
    assert any(row.endswith(f": {'é' * 200}…") for row in rows)


def test_a_value_that_is_gone_leaves_its_reference():
    log = a_log()
    log.values.clear()
    verdict = checked(build_receipt(log.evidence(), ALL))
    assert verdict["values"] == 0
    assert verdict["claims"]["guarantees"] is None


def test_what_every_receipt_shows_can_be_withheld():
    data = build_receipt(a_log().evidence(), Disclosure(withheld=("plan", "actor", "manifests")))
    claims = checked(data)["claims"]
    assert claims["plans"] == [None]
    assert claims["started_by"] is None
    assert claims["guarantees"] is None
    assert claims["graph"] == "pay"


def test_whoever_has_a_receipt_may_take_disclosed_parts_out_of_it():
    def redact(tree: Any) -> None:
        tree["leaves"][4]["disclosed"] = {}
        tree["values"].pop(Value.of({"pin": PIN}).ref)

    less = checked(changed(build_receipt(a_log().evidence(), ALL), redact))
    assert less["withheld"] == {"actor": 1, "output": 1, "usage": 1}


def test_the_execution_digest_follows_from_outcomes_that_are_all_shown():
    asked = {"execution": None, "inputs": None, "call_key": "charge", "output": "charge"}
    some = Disclosure(shows=lambda path, part: asked.get(part, "") == path)
    few, every = (checked(build_receipt(a_log().evidence(), which)) for which in (some, ALL))
    assert few["claims"]["execution"] == every["claims"]["execution"]
    assert (few["execution_is_shown"], every["execution_is_shown"]) == (False, True)
    log = MadeLog()
    wrong = RunSettled(status="succeeded", execution=digest("e"))
    log.add(RUN, [*story()[:-1], (wrong, "engine")])
    assert not checked(build_receipt(log.evidence(), ALL))["execution_is_shown"]


@pytest.mark.parametrize(
    "place,code,change",
    [
        ("$.leaves[2].disclosed.verdict", "IL8543", ("leaves", 2, "disclosed", "verdict", "value")),
        ("$.leaves[2].disclosed.actor", "IL8543", ("leaves", 2, "disclosed", "actor", "value")),
        ("$.leaves[7].leaf", "IL8502", ("leaves", 7, "leaf", "facts", "status")),
        ("$.leaves[3].leaf", "IL8502", ("leaves", 3, "leaf", "commitments", "args")),
        ("$.claims.graph", "IL8546", ("claims", "graph")),
        ("$.proof[0]", "IL8542", ("proof", 0)),
        ("$.run", "IL8545", ("run",)),
        ("$.stamps", "IL8542", ("stamps",)),
        ("$.stamps[0]", "IL8533", ("stamps", 0)),
        ("$.checkpoint", "IL8504", ("checkpoint",)),
    ],
)
def test_the_place_of_what_was_changed_is_named(place: str, code: str, change: tuple[Any, ...]):
    def edit(tree: Any) -> None:
        for key in change[:-1]:
            tree = tree[key]
        tree[change[-1]] = "f" * 64 if "commitments" in change else "rejected"

    with pytest.raises(EvidenceRefused) as caught:
        checked(changed(build_receipt(a_log().evidence(), Disclosure()), edit))
    named = "$.leaves[0].leaf.run" if place == "$.run" else place
    assert (caught.value.place, caught.value.code) == (named, code)


def test_a_key_that_stands_twice_is_refused_however_deep():
    data = build_receipt(a_log().evidence(), Disclosure())
    with pytest.raises(EvidenceRefused) as caught:
        checked(data.replace(b'"disclosed":{}', b'"disclosed":{},"disclosed":{}', 1))
    assert (caught.value.place, caught.value.code) == ("$.leaves[1].disclosed", "IL8540")


def test_another_value_under_a_reference_is_refused():
    ref = Value.of({"pin": PIN}).ref

    def edit(tree: Any) -> None:
        tree["values"][ref] = {"pin": 1234}

    with pytest.raises(EvidenceRefused) as caught:
        checked(changed(build_receipt(a_log().evidence(), ALL), edit))
    assert caught.value.code == "IL8544"
    assert ref in caught.value.place


def test_one_event_can_be_shown_without_the_others():
    verdict = checked(build_receipt(a_log().evidence(seqs=[1, 3]), Disclosure()))
    assert not verdict["whole"]
    assert verdict["claims"]["ended"] is None
    assert "2 of the run, from 1 to 3" in "\n".join(verdict_lines(verdict))


def test_what_persons_decided_is_told():
    log = MadeLog()
    log.add(RUN, decided())
    verdict = checked(build_receipt(log.evidence(), Disclosure()))
    lines = [line.partition(" at ")[0] for line in verdict_lines(verdict) if "decision" in line]
    assert lines == [
        "  decision      event 2, charge: NodeResolved succeeded by unauthenticated:bob",
        "  decision      event 3: RunCancelled by unauthenticated:eve",
    ]
    assert verdict["withheld"]["reason"] == 2


def test_words_of_the_log_do_not_steer_the_terminal():
    log = MadeLog()
    events = [(started(), "unauthenticated:\u202eada"), *story()[1:]]
    log.add(RUN, events)
    text = "\n".join(verdict_lines(checked(build_receipt(log.evidence(), Disclosure()))))
    assert "\u202e" not in text
    assert "unauthenticated:\\u202eada" in text


def fifty_writes() -> MadeLog:
    """A run of fifty nodes that all write, among others that run at the same time."""
    log = MadeLog()
    run = RunId("01K5M4ZQ00000000000000000Z")
    events: list[Any] = [(started(), "authenticated:oidc:ada@example.com")]
    for number in range(50):
        path, output = f"send_the_letter_{number}", Value.of({"id": number})
        node = {"path": Path(path), "generation": 1, "attempt": 1}
        args = Value.of({"number": number})
        events += [
            (AttemptStarted(**node, call_key=digest("c"), args=args), WRITER),
            (AttemptReturned(**node, output=output, tokens=7), WRITER),
            (settled(path, output=output), WRITER),
        ]
    end = RunSettled(status="succeeded", execution=digest("e"), output=Value.of({}))
    log.add(run, [*events, (end, WRITER)], between=3)
    return log


def test_the_receipt_of_a_run_of_fifty_writes_is_small():
    data = build_receipt(fifty_writes().evidence(RunId("01K5M4ZQ00000000000000000Z")), Disclosure())
    assert checked(data)["events"]["shown"] == 152
    assert len(data) < RECEIPT_BYTES_MAX


MANIFESTS = [
    Manifest(name="a", effect="pure"),
    Manifest(name="a", effect="read", metered=True),
    Manifest(name="a", effect="write"),
    Manifest(name="a", effect="write", key="id"),
    Manifest(name="a", effect="write", probe=True),
    Manifest(name="a", effect="write", transactional=True),
    Manifest(name="a", effect="write", undo=Manifest(name="b")),
    Manifest(name="a", effect="write", key="id", undo=Manifest(name="b")),
]


@given(st.sampled_from(MUTATIONS), st.randoms(use_true_random=False))
def test_any_file_is_verified_or_refused_with_our_error(mutation: Mutation, chance: Random):
    data = mutation(mutation(RECEIPT, chance) if mutation in RAW else RECEIPT, chance)
    with suppress(EvidenceRefused):
        assert checked(data)["run"] == RUN


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes):
    with pytest.raises(EvidenceRefused):
        checked(data)


@pytest.mark.parametrize("limits", [False, True])
@pytest.mark.parametrize("manifest", MANIFESTS)
def test_guarantees_are_those_of_the_manifests(manifest: Manifest, limits: bool):  # noqa: FBT001
    rows: Json = [manifest.to_json()]
    pinned = Value.of({"actions": rows, "limits": {}} if limits else rows)
    log = MadeLog()
    log.add(RUN, [(started(manifests=pinned), "unauthenticated:ada")])
    verdict = checked(build_receipt(log.evidence(), Disclosure()))
    assert verdict["claims"]["guarantees"] == {"a": manifest.guarantee}
