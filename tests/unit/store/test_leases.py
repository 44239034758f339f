"""Who may have a lease: what is said of one that is held."""

import pytest

from interlock.errors import LeaseHeld
from interlock.journal import OwnerId, owner_id, process_of
from interlock.runtime import SystemIds
from interlock.store.leases import Holding, grant
from interlock.testing.store import YOU, A

HOST = "a-host-7.example"


def refused(owner: OwnerId, *, expires_ms: int) -> LeaseHeld:
    with pytest.raises(LeaseHeld) as caught:
        grant(
            A,
            YOU,
            held=Holding(owner=owner, epoch=1, expires_ms=expires_ms),
            epoch_seen=1,
            owner_died=False,
            now_ms=1_767_225_600_000,
            life_ms=60_000,
        )
    return caught.value


def test_a_lease_that_is_held_names_the_process_and_the_time_and_the_way_out():
    holder = owner_id(host=HOST, process=4711, salt=b"\x01\x02\x03\x04")
    error = refused(holder, expires_ms=1_767_225_641_500)
    assert error.message == (
        f"run {A} is driven by process 4711 on {HOST}, whose lease lasts until "
        "2026-01-01 00:00:41 UTC, for another 42 s, and is renewed as long as it is at work"
    )
    assert error.hint == (
        f"let it go on: `interlock show {A}` tells how far it is; "
        f"to take the run over, end that process (`kill 4711` on {HOST}), "
        f"then `interlock resume {A}`"
    )
    assert (error.owner, error.expires_ms) == (holder, 1_767_225_641_500)


@pytest.mark.parametrize("name", ["owner-1", "worker", "7-8", "a-b-c", "vm-12-XY"])
def test_an_owner_that_names_no_process_is_named_itself(name: str):
    error = refused(OwnerId(name), expires_ms=2**62)
    assert f"is driven by owner {name}, whose lease lasts until 9999-" in error.message
    assert "take the run over, end its process, then" in error.hint


def test_owners_of_the_system_name_their_process(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.getpid", lambda: 4711)
    monkeypatch.setattr("socket.gethostname", lambda: HOST)
    assert process_of(SystemIds().owner()) == (HOST, 4711)
