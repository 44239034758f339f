"""Actions that say what takes them back, and what commits with the journal."""

import pytest

from interlock.actions import Action, Manifest, Registry, action
from interlock.errors import ActionInvalid


def refund(account: str, result: str) -> None: ...


@action(effect="write", undo=refund)
def charge(account: str, cents: int) -> str:
    return f"{account}-{cents}"


@action("bank.reverse", effect="write", key="result")
def reverse(result: str) -> bool:
    return bool(result)


def test_a_function_becomes_an_action_of_its_own():
    undo = charge.undo
    assert undo is not None
    assert (undo.name, undo.effect, undo.func) == ("charge.undo", "write", refund)
    assert charge.manifest.undo == undo.manifest
    assert charge.manifest.guarantee == "at most once, reversible"


def test_an_action_may_undo_another_one():
    pay = action("pay", effect="write", undo=reverse)(charge.func)
    assert pay.undo is reverse
    assert pay.manifest.undo is not None
    assert pay.manifest.undo.guarantee == "one effect"


def test_a_registry_holds_what_undoes():
    registry = Registry([charge])
    assert {each.name for each in registry} == {"charge", "charge.undo"}
    assert registry.get("charge.undo") is charge.undo
    assert len(registry | Registry([charge, reverse])) == 3


def test_what_a_derived_action_fixes_its_undo_has_too():
    ours = charge.derive("charge.ours", account="ours")
    undo = ours.undo
    assert undo is not None
    assert undo.name == "charge.ours.undo"
    arguments = undo.manifest.arguments
    assert isinstance(arguments, dict)
    assert arguments["properties"] == {"result": {"type": "string"}}
    assert arguments["required"] == ["result"]
    assert charge.derive("look", effect="read").undo is None


def test_a_manifest_is_read_back_with_its_undo():
    again = Manifest.from_json(charge.manifest.to_json())
    assert (again, again.digest) == (charge.manifest, charge.manifest.digest)
    assert isinstance(again.undo, Manifest)
    assert again.digest != action("charge", effect="write")(charge.func).manifest.digest


def test_what_commits_with_the_journal_happens_exactly_once():
    store = action("store", effect="write", transactional=True)(charge.func)
    assert store.manifest.guarantee == "exactly once"
    assert Manifest.from_json(store.manifest.to_json()).transactional


WRONG = {
    "undo of a read": {"effect": "read", "undo": refund},
    "transactional read": {"effect": "pure", "transactional": True},
    "transactional with key": {"transactional": True, "key": "account"},
    "transactional with probe": {"transactional": True, "probe": refund},
}


@pytest.mark.parametrize("declared", WRONG.values(), ids=WRONG)
def test_what_contradicts_itself_is_refused(declared):
    with pytest.raises(ActionInvalid) as caught:
        action("wrong", **declared)(charge.func)
    assert caught.value.hint


def test_an_undo_takes_what_its_action_has():
    def undo(account: str, reason: str) -> None: ...

    wrong = action("wrong", undo=undo)(charge.func)
    assert isinstance(wrong, Action)
    with pytest.raises(ActionInvalid, match="its undo takes `reason`"):
        _ = wrong.manifest
