"""What is called with somebody's values has a call key that nobody can find by trying."""

from interlock.engine.state.turn import call_of
from interlock.journal import Value
from interlock.values import KeyId, Subjects, digest, is_keyed

ACTION = digest("action", "crm.log")
ARGS = Value.of({"text": "Ada"})
ADA, BOB = (Subjects({KeyId(f"{n:032x}"): bytes([n]) * 32}) for n in (1, 2))


def test_the_key_of_a_call_is_made_with_the_keys_of_whose_its_arguments_are():
    plain = call_of(ACTION, ARGS).key
    ada, bob = (call_of(ACTION, ARGS.under(each)).key for each in (ADA, BOB))
    assert [is_keyed(each) for each in (plain, ada, bob)] == [False, True, True]
    assert len({each.rpartition(":")[2] for each in (plain, ada, bob)}) == 3
    assert call_of(ACTION, ARGS.under(ADA)).key == ada
