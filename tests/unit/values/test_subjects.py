"""Keys of data subjects: what they make can be read, checked and compared with them alone."""

import hmac
from dataclasses import replace
from hashlib import sha256
from itertools import combinations

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given, strategies as st

from interlock.errors import InternalError, JournalCorrupt
from interlock.values import (
    KEY_BYTES,
    KeyId,
    SubjectKey,
    Subjects,
    ValueRef,
    canonical,
    is_keyed,
    joined,
    key_id_of,
    members_ref,
    reference,
    value_ref,
)
from interlock.values.subjects import hkdf

keys = st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES)
ids = st.binary(min_size=16, max_size=16).map(lambda found: KeyId(found.hex()))
several = st.dictionaries(ids, keys, min_size=1, max_size=4)
values = st.text(max_size=50).map(canonical)

ADA, BOB = (SubjectKey.of(f"name {n}", bytes([n]) * 32) for n in (1, 2))


@pytest.mark.parametrize(
    "secret, salt, info, size, wanted",
    [
        (
            b"\x0b" * 22,
            bytes(range(13)),
            bytes(range(0xF0, 0xFA)),
            42,
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            bytes(range(0x50)),
            bytes(range(0x60, 0xB0)),
            bytes(range(0xB0, 0x100)),
            82,
            (
                "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c6"
                "5e590e09da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87"
            ),
        ),
        (
            b"\x0b" * 22,
            b"",
            b"",
            42,
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
    ],
)
def test_keys_are_derived_as_rfc_5869_says(
    secret: bytes, salt: bytes, info: bytes, size: int, wanted: str
) -> None:
    assert hkdf(secret, salt=salt, info=info, size=size).hex() == wanted


@given(several, values, values)
def test_a_value_is_sealed_and_read_again_and_by_its_reference_alone(
    found: dict[KeyId, bytes], data: bytes, other: bytes
) -> None:
    subjects = Subjects(found)
    ref = subjects.ref(data)
    sealed = subjects.seal(ref, data)
    assert Subjects(found).unseal(ref, sealed) == data
    assert Subjects(found).seal(ref, data) == sealed
    with pytest.raises(JournalCorrupt):
        subjects.unseal(ref, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    if other != data:
        with pytest.raises(JournalCorrupt):
            subjects.unseal(subjects.ref(other), sealed)
        with pytest.raises(JournalCorrupt):
            subjects.unseal(ref, subjects.seal(ref, other))


@given(several, values)
def test_the_opener_shows_that_a_reference_is_of_a_value(
    found: dict[KeyId, bytes], data: bytes
) -> None:
    subjects = Subjects(found)
    ref = subjects.ref(data)
    assert reference(subjects.id, subjects.opener(data), data) == ref
    assert reference(subjects.id, subjects.opener(data + b" "), data) != ref
    assert reference(subjects.id, subjects.opener(data), data + b" ") != ref
    assert (is_keyed(ref), key_id_of(ref)) == (True, subjects.id)


def test_nothing_is_equal_across_keys_and_kinds() -> None:
    data = canonical("Ada")
    alone, other, both = Subjects.of([ADA]), Subjects.of([BOB]), Subjects.of([ADA, BOB])
    made = [value_ref(data)]
    for subjects in (alone, other, both):
        made += [subjects.ref(data), subjects.digest("call", data), subjects.digest("value", data)]
        made += [subjects.opener(data).hex()]
    ends = [each.rpartition(":")[2] for each in made]
    assert len(set(ends)) == len(ends)


def test_several_subjects_have_a_key_that_needs_all_of_theirs_in_any_order() -> None:
    data = canonical("Ada")
    both = Subjects.of([BOB, ADA])
    assert both.ref(data) == Subjects.of([ADA, BOB]).ref(data)
    assert both.members == canonical([*sorted([ADA.id, BOB.id])])
    assert members_ref(both.id) == value_ref(both.members)
    assert members_ref(Subjects.of([ADA]).id) is None
    changed = Subjects({ADA.id: ADA.key, BOB.id: ADA.key})
    assert changed.id == both.id
    assert changed.ref(data) != both.ref(data)


@given(st.lists(several | st.none(), max_size=4))
def test_what_is_made_of_several_values_belongs_to_all_of_theirs(
    found: list[dict[KeyId, bytes] | None],
) -> None:
    parts = [Subjects(each) if each is not None else None for each in found]
    whole = joined(parts)
    wanted = {key for each in found for key in each or {}}
    assert set(whole.keys if whole is not None else {}) == wanted
    for one, other in combinations([each for each in parts if each is not None], 2):
        both = joined([one, other])
        assert both is not None
        assert both.id == Subjects({**one.keys, **other.keys}).id


def test_who_has_no_subjects_has_no_key() -> None:
    assert joined([]) is None
    assert joined([None, None]) is None
    with pytest.raises(InternalError):
        Subjects({})


@pytest.mark.parametrize(
    "ref", ["", "sha256:00", "hmac-sha256:", "hmac-sha256:k", "hmac-sha256::00"]
)
def test_what_has_no_key_id_is_refused(ref: str) -> None:
    with pytest.raises(JournalCorrupt):
        key_id_of(ref)


@given(several, values)
def test_all_is_made_as_the_reference_of_events_says(found: dict[KeyId, bytes], data: bytes):
    subjects = Subjects(found)
    in_order = [found[key_id] for key_id in sorted(found)]
    made = HKDF(SHA256(), 96, b"interlock/subjects/1", b"").derive(b"".join(in_order))
    text = b'["value",1,' + data + b"]"
    opener = hmac.digest(made[:32], text, "sha256")
    ids = sha256(b'["value",1,' + canonical([*sorted(found)]) + b"]").hexdigest()
    key_id = ids if len(found) > 1 else next(iter(found))
    ref = f"hmac-sha256:{key_id}:{hmac.digest(opener, text, 'sha256').hex()}"
    assert subjects.ref(data) == ref
    call = hmac.digest(made[32:64], b'["call",1,' + data + b"]", "sha256").hex()
    assert subjects.digest("call", data) == f"hmac-sha256:{key_id}:{call}"
    key = AESGCM(hmac.digest(made[64:], ref.encode(), "sha256"))
    assert key.decrypt(bytes(12), subjects.seal(ValueRef(ref), data), ref.encode()) == data


@given(st.text(max_size=20), keys, st.text(max_size=20), keys)
def test_a_key_and_its_name_belong_together(name: str, key: bytes, other: str, another: bytes):
    made = SubjectKey.of(name, key)
    assert (
        made.id == hmac.digest(key, b'["subject",1,' + canonical(name) + b"]", "sha256").hex()[:32]
    )
    assert Subjects.of([made]).keys == {made.id: key}
    for changed in (replace(made, name=other), replace(made, key=another)):
        if changed != made:
            with pytest.raises(JournalCorrupt, match=made.id) as refused:
                Subjects.of([made, changed])
            assert (refused.value.code, changed.fits) == ("IL7025", False)


def test_an_error_about_a_subject_does_not_name_it():
    with pytest.raises(JournalCorrupt) as refused:
        replace(ADA, name="Ada Lovelace").check()
    assert "Lovelace" not in f"{refused.value}"


def test_the_format_stays_what_it_is():
    assert SubjectKey.of("Ada", b"\x01" * 32).id == "8ea98c5729022e797fa900778f3215ec"
    ref = Subjects({KeyId("a" * 32): b"\x01" * 32}).ref(b'"Ada"')
    made = "14a8a638b5060cc7d7ee0d706a7be362fddee28d32cd7ddbedc1fd1857e5d089"
    assert ref == f"hmac-sha256:{'a' * 32}:{made}"
