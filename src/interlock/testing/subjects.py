"""What a store must do with the keys of data subjects."""

from contextlib import closing

from interlock.journal import STORE_JOURNAL
from interlock.store import Store
from interlock.testing.made import in_threads, record
from interlock.values import KEY_BYTES, KeyId, SubjectKey


def subject_key(name: str, number: int) -> SubjectKey:
    """Make a key."""
    return SubjectKey.of(name, bytes([number]) * KEY_BYTES)


ADA, BOB, OTHER_ADA = subject_key("Ada", 5), subject_key("Bob", 6), subject_key("Ada", 8)
"""In the order of their ids."""


class SubjectConformance:
    """What a store does with the keys of data subjects."""

    def make(self) -> Store:
        """Return a new, empty store."""
        raise NotImplementedError

    def test_keys_are_found_by_their_ids_and_by_names(self) -> None:
        with closing(self.make()) as store:
            assert store.subjects.add([BOB, ADA]) == [ADA, BOB]
            assert store.subjects.find() == []
            assert store.subjects.find(ids=[BOB.id, OTHER_ADA.id]) == [BOB]
            assert store.subjects.find(names=["Ada", "Eve", ""]) == [ADA]
            assert store.subjects.find(ids=[ADA.id], names=["Ada", "Bob"]) == [ADA, BOB]

    def test_all_keys_are_read_page_by_page(self) -> None:
        with closing(self.make()) as store:
            assert store.subjects.page(after=KeyId(""), limit=2) == []
            eve = subject_key("Eve", 6)
            store.subjects.add([BOB, eve, ADA])
            assert ADA.id < eve.id < BOB.id
            assert store.subjects.page(after=KeyId(""), limit=2) == [ADA, eve]
            assert store.subjects.page(after=eve.id, limit=2) == [BOB]
            assert store.subjects.page(after=BOB.id, limit=2) == []

    def test_a_subject_has_one_key_and_the_first_one_stays(self) -> None:
        with closing(self.make()) as store:
            assert store.subjects.add([ADA]) == [ADA]
            assert store.subjects.add([OTHER_ADA, BOB]) == [ADA, BOB]
            assert store.subjects.find(ids=[ADA.id, BOB.id, OTHER_ADA.id]) == [ADA, BOB]
            assert store.subjects.add([]) == []

    def test_who_meets_a_subject_at_once_gets_one_key(self) -> None:
        with closing(self.make()) as store:
            found: list[SubjectKey] = []

            def meet(number: int) -> None:
                found.extend(store.subjects.add([subject_key("Eve", number + 1)]))

            in_threads([lambda number=number: meet(number) for number in range(8)])
            assert len(found) == 8
            assert len({each.id for each in found}) == 1

    def test_a_key_that_was_erased_is_gone_and_the_next_one_is_another(self) -> None:
        with closing(self.make()) as store:
            store.subjects.add([ADA, BOB])
            assert store.subjects.erase(["Ada", "Eve"]) == [ADA.id]
            assert store.scrub()
            assert store.subjects.find(ids=[ADA.id, BOB.id], names=["Ada"]) == [BOB]
            assert store.subjects.erase(["Ada"]) == []
            assert store.subjects.add([OTHER_ADA]) == [OTHER_ADA]

    def test_a_hold_that_may_have_come_meanwhile_keeps_a_key(self) -> None:
        with closing(self.make()) as store:
            store.subjects.add([ADA])
            assert store.subjects.erase(["Bob"], holds_seen=0) == []
            store.write([record(STORE_JOURNAL, 1)])
            assert store.subjects.erase([ADA.name], holds_seen=0) is None
            assert store.subjects.find(names=[ADA.name]) == [ADA]
            assert store.subjects.erase([ADA.name], holds_seen=1) == [ADA.id]
