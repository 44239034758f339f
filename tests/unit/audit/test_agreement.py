"""Both verifiers say the same of any file, to the letter, and no change goes unseen."""

import json
import random
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

import pytest
from hypothesis import settings

from interlock.audit import (
    Disclosure,
    Evidence,
    Trust,
    VerifierKey,
    build_receipt,
    check_receipt,
    hint_for,
    parse_key,
    verdict_lines,
)
from interlock.errors import EvidenceRefused
from interlock.journal import PartsErased, values_of
from interlock.values import canonical
from unit.audit.javascript import answers, needs_node
from unit.audit.logs import (
    AT_MS,
    LOG_KEY,
    NOW_MS,
    OTHER_KEY,
    RUN,
    WITNESS_KEY,
    MadeLog,
    a_log,
    a_pruned_log,
    an_erased_log,
    decided,
    owned,
    story,
)
from unit.audit.mutations import MUTATIONS, Mutation

FILES_A_KIND = max(30, settings().max_examples // 20)
Answer = tuple[str, list[str]]
"""The verdict and its lines; or the code of a refusal, and its place, cause and hint."""

pytestmark = needs_node


@cache
def receipts() -> tuple[bytes, ...]:
    """Receipts that show little, all, two events, decisions, values of data subjects, losses."""
    log = a_log()
    other = MadeLog()
    other.add(RUN, decided())
    keyed = MadeLog()
    keyed.add(RUN, owned())
    everything = Disclosure(shows=lambda _path, _part: True)
    return (
        build_receipt(log.evidence(), Disclosure()),
        build_receipt(log.evidence(), everything),
        build_receipt(log.evidence(seqs=[1, 6]), everything),
        build_receipt(other.evidence(), Disclosure()),
        build_receipt(keyed.evidence(), everything),
        build_receipt(an_erased_log().evidence(), everything),
        build_receipt(a_pruned_log().evidence(seqs=[1, 8]), everything),
    )


@cache
def erased_after_the_end() -> bytes:
    """A receipt of a run that ended, and of which parts were erased then."""
    log = MadeLog()
    log.add(RUN, [*story(), (PartsErased(parts=("1.inputs",), rule="GDPR"), "unauthenticated:ada")])
    return build_receipt(log.evidence(), Disclosure())


def by_python(
    data: bytes,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    *,
    now_ms: int = NOW_MS,
) -> Answer:
    try:
        verdict = check_receipt(data, Trust(keys=keys, witnesses=witnesses, now_ms=now_ms))
    except EvidenceRefused as error:
        hint = error.hint or hint_for(error.code)
        return error.code, [error.place, error.message, hint]
    return canonical(verdict).decode(), verdict_lines(verdict)


@cache
def honest(data: bytes) -> Answer:
    return by_python(data, (LOG_KEY,), (WITNESS_KEY,))


def by_javascript(
    files: Sequence[bytes],
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey],
    *,
    now_ms: int = NOW_MS,
) -> list[Answer]:
    found = answers(task(data, keys, witnesses, now_ms=now_ms) for data in files)
    return [
        (answer["code"], [answer[name] for name in ("place", "message", "hint")])
        if isinstance(answer, dict)
        else (answer[0], answer[1])
        for answer in found
    ]


def task(
    data: bytes,
    keys: Sequence[VerifierKey],
    witnesses: Sequence[VerifierKey] = (),
    *,
    now_ms: int = NOW_MS,
) -> dict[str, Any]:
    """Ask the verifier in JavaScript for what it says of a receipt."""
    trust = {"keys": [str(key) for key in keys], "witnesses": [str(key) for key in witnesses]}
    return {"op": "receipt", "data": data.hex(), "now": now_ms} | trust


def agreed(
    files: Sequence[bytes],
    keys: Sequence[VerifierKey] = (LOG_KEY,),
    witnesses: Sequence[VerifierKey] = (WITNESS_KEY,),
    *,
    now_ms: int = NOW_MS,
) -> list[Answer]:
    """Check files with both verifiers, and give the answers that they agree on."""
    in_python = [by_python(data, keys, witnesses, now_ms=now_ms) for data in files]
    in_javascript = by_javascript(files, keys, witnesses, now_ms=now_ms)
    for data, one, other in zip(files, in_python, in_javascript, strict=True):
        assert one == other, data
    return in_python


def is_refused(answer: Answer) -> bool:
    return answer[0].startswith("IL")


ADDRESSES = {value.ref for event, _ in (*story(), *owned()) for value in values_of(event)}
"""What stands in the place of a value that somebody took out."""


def is_less(row: dict[str, Any], one: dict[str, Any]) -> bool:
    """Tell whether a row is another one, of which the path or the value may be taken out."""
    same = (row["seq"], row["part"]) == (one["seq"], one["part"])
    return (
        same and row["path"] in {one["path"], None} and row["value"] in (one["value"], *ADDRESSES)
    )


def says_no_more(answer: Answer, original: Answer) -> bool:
    """Tell whether a verdict is the honest one, or of a receipt that somebody took parts out of."""
    less, more = json.loads(answer[0]), json.loads(original[0])
    assert less["log"]["stamps"].pop("carried") <= more["log"]["stamps"].pop("carried")
    rows, all_rows = less.pop("shown"), more.pop("shown")
    assert all(any(is_less(row, one) for one in all_rows) for row in rows)
    assert less.pop("execution_is_shown") <= more.pop("execution_is_shown")
    assert less.pop("whole") <= more.pop("whole")
    assert less.pop("values") <= more.pop("values")
    shown, all_shown = Counter(less.pop("disclosed")), Counter(more.pop("disclosed"))
    all_parts = all_shown + hidden(more)
    is_same = shown <= all_shown and shown + hidden(less) == all_parts
    losses, all_losses = losses_of(less), losses_of(more)
    return less == more and is_same and all(loss in all_losses for loss in losses)


def hidden(verdict: dict[str, Any]) -> Counter[str]:
    """Take what a verdict says to be hidden out of it, by the name of the part."""
    counts = Counter(verdict.pop("withheld")) + Counter(verdict.pop("pruned"))
    return counts + Counter(row["part"] for row in verdict["erased"])


def losses_of(verdict: dict[str, Any]) -> list[Any]:
    """Take what a verdict says to be erased and pruned out of it, without what may be withheld."""
    rows = [*verdict.pop("erased"), *verdict.pop("prunings")]
    for row in rows:
        for name in ("path", "rule", "by"):
            row.pop(name, None)
            row.get("erasure", row).pop(name, None)
    return rows


def test_that_parts_were_erased_after_the_end_does_not_open_the_run_again():
    (answer,) = agreed([erased_after_the_end()])
    claims = json.loads(answer[0])["claims"]
    assert (claims["ended"]["status"], claims["execution"]) == ("succeeded", None)


def test_honest_receipts_are_verified_in_the_same_words():
    found = agreed(receipts())
    assert [is_refused(answer) for answer in found] == [False] * 7
    assert found[0][1][0] == f"verified: run {RUN} in the log example.com/log"


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda mutation: mutation.__name__)
def test_a_changed_receipt_is_refused_or_says_nothing_else(mutation: Mutation):
    chance = random.Random(mutation.__name__)
    originals = [chance.choice(receipts()) for _ in range(FILES_A_KIND)]
    files = [mutation(data, chance) for data in originals]
    found = agreed(files)
    for data, file, answer in zip(originals, files, found, strict=True):
        assert is_refused(answer) or says_no_more(answer, honest(data)), file
    assert sum(map(is_refused, found)) > FILES_A_KIND // 2


def test_texts_that_are_no_json_are_refused_alike():
    texts = [b"", b" ", b"null", b"[]", b"{", b"\xff", b"\xef\xbb\xbf{}", b"{} {}", b"[" * 5_000]
    texts += [b'{"v":1,"v":1}', b"[1e400]", b"[" + b"9" * 5_000 + b"]", b'"' + b"\\u00e9" * 9]
    assert all(map(is_refused, agreed(texts)))


def with_parts(base: Evidence, **changed: Any) -> bytes:
    """Build a receipt from parts that do not belong together."""
    names = ("run", "events", "is_whole", "checkpoint", "proof", "value")
    parts = {name: getattr(base, name) for name in names} | changed
    return build_receipt(Evidence(**parts), Disclosure())


def test_what_does_not_belong_together_is_refused_with_the_same_code():
    log = a_log()
    honest = log.evidence()
    older = log.checkpoint(size=20)
    for number in range(9):
        log.fill(number)
    other = MadeLog(seed=1)
    other.add(RUN, story())
    cases = {
        "proof of another log": with_parts(honest, proof=other.evidence().proof),
        "checkpoint of another log": with_parts(honest, checkpoint=other.checkpoint()),
        "checkpoint under another name": with_parts(
            honest, checkpoint=log.checkpoint(origin="x.y")
        ),
        "checkpoint from the future": with_parts(honest, checkpoint=log.checkpoint()),
        "checkpoint from before": with_parts(honest, checkpoint=older),
        "an event left out": with_parts(honest, events=[*honest.events[:3], *honest.events[4:]]),
        "a tail left out": with_parts(log.evidence(seqs=[1, 2]), is_whole=True),
        "events of a part": with_parts(log.evidence(seqs=[1, 3]), is_whole=True),
        "another run": with_parts(honest, run="01K5M4ZQ00000000000000000C"),
    }
    codes = {
        name: answer[0] for name, answer in zip(cases, agreed(list(cases.values())), strict=True)
    }
    assert {name: code for name, code in codes.items() if code.startswith("IL")} == {
        "proof of another log": "IL8502",
        "checkpoint of another log": "IL8502",
        "checkpoint under another name": "IL8509",
        "checkpoint from the future": "IL8502",
        "checkpoint from before": "IL8502",
        "an event left out": "IL8502",
        "events of a part": "IL8545",
        "another run": "IL8545",
    }
    assert "the run has not ended" in json.dumps(
        by_python(cases["a tail left out"], (LOG_KEY,), ())[1]
    )


def test_keys_that_did_not_sign_prove_nothing():
    file = [receipts()[0]]
    named = VerifierKey(name=LOG_KEY.name, public=OTHER_KEY.public)
    assert agreed(file, [named])[0][0] == "IL8507"
    assert agreed(file, [])[0][0] == "IL8507"
    assert not is_refused(agreed(file, [OTHER_KEY, LOG_KEY])[0])
    assert agreed(file, [WITNESS_KEY])[0][0] == "IL8505"
    assert agreed(file, [LOG_KEY], [LOG_KEY])[0][0] == "IL8505"


def test_a_witness_that_has_not_cosigned_is_missed():
    other = VerifierKey(
        name="other.example", public=OTHER_KEY.public, algorithm=WITNESS_KEY.algorithm
    )
    assert agreed([receipts()[0]], [LOG_KEY], [WITNESS_KEY, other])[0][0] == "IL8547"


@pytest.mark.parametrize(
    "cosigned_s, code",
    [
        (AT_MS // 1_000 + 301, ""),
        (AT_MS // 1_000 + 302, "IL8549"),
        (3_976_214_400, "IL8549"),
        (2**63 - 1, "IL8549"),
    ],
)
def test_a_cosignature_from_the_future_is_refused_by_name(cosigned_s: int, code: str):
    log = a_log()
    note = log.checkpoint(cosigned_s=cosigned_s)
    file = [with_parts(log.evidence(), checkpoint=note)]
    (answer,) = agreed(file)
    assert is_refused(answer) == bool(code)
    if code:
        assert (answer[0], answer[1][0]) == (code, "$.checkpoint")
        assert "cosignature by `witness.example` is dated" in answer[1][1]
        assert not is_refused(agreed(file, witnesses=())[0])
        assert not is_refused(agreed(file, now_ms=cosigned_s * 1_000)[0])


@pytest.mark.parametrize("signed_by", [LOG_KEY.name, WITNESS_KEY.name])
@pytest.mark.parametrize("is_beside", [False, True])
def test_a_wrong_signature_is_refused_also_beside_a_right_one(signed_by: str, is_beside: bool):  # noqa: FBT001
    log = a_log()
    lines = log.checkpoint().splitlines(keepends=True)
    (at,) = (at for at, line in enumerate(lines) if line.startswith(f"\N{EM DASH} {signed_by} "))
    name, _, encoded = lines[at].rstrip().rpartition(" ")
    data = bytearray(b64decode(encoded))
    data[-1] ^= 1
    wrong = f"{name} {b64encode(data).decode()}\n"
    lines[at] = lines[at] + wrong if is_beside else wrong
    (answer,) = agreed([with_parts(log.evidence(), checkpoint="".join(lines))])
    assert (answer[0], answer[1][0]) == ("IL8506", "$.checkpoint")
    assert f"the signature by `{signed_by}` (" in answer[1][1]


def test_one_pair_of_keys_is_no_second_witness():
    twin, log = (
        VerifierKey(name=f"{key.name}/2", public=key.public, algorithm=WITNESS_KEY.algorithm)
        for key in (WITNESS_KEY, LOG_KEY)
    )
    for witnesses in ([WITNESS_KEY, twin], [WITNESS_KEY, WITNESS_KEY], [log]):
        assert agreed([receipts()[0]], [LOG_KEY], witnesses)[0][0] == "IL8505"


def test_keys_that_no_honest_signer_has_are_refused_alike():
    p = 2**255 - 19
    order_eight = 0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7
    numbers = [0, 1, p - 1, p, p + 1, 2, order_eight, p - order_eight, 2**255 - 1]
    bad = [number.to_bytes(32, "little") for number in numbers]
    bad += [(number | 1 << 255).to_bytes(32, "little") for number in numbers]
    keys = [VerifierKey(name=LOG_KEY.name, public=public) for public in bad]
    for key, answer in zip(keys, answers(task(receipts()[0], [key]) for key in keys), strict=True):
        assert by_python(receipts()[0], [key], ())[0] == answer["code"] == "IL8505", key


def test_keys_are_read_alike():
    chance = random.Random(4)
    texts = [str(LOG_KEY), str(WITNESS_KEY)]
    for _ in range(300):
        text = chance.choice((str(LOG_KEY), str(WITNESS_KEY)))
        at = chance.randrange(len(text))
        texts.append(
            text[:at] + chance.choice(["", "+", " ", "\u2003", "A", "\x00"]) + text[at + 1 :]
        )
    found = answers({"op": "key", "text": text} for text in texts)
    for text, answer in zip(texts, found, strict=True):
        try:
            expected: Any = parse_key(text).public.hex()
        except EvidenceRefused as error:
            expected = error.message
        assert (answer if isinstance(answer, str) else answer["message"]) == expected, text
