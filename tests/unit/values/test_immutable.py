"""`immutable`: what a frozen dataclass does, but for the cost of making one."""

from dataclasses import field, replace

from interlock.values import immutable


@immutable()
class Pair:
    first: int
    second: int = 2


@immutable(kw_only=False)
class Name:
    text: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Name) and self.text.lower() == other.text.lower()

    def __hash__(self) -> int:
        return hash(self.text.lower())


def test_equal_objects_have_equal_hashes() -> None:
    assert {Pair(first=1), replace(Pair(first=3), first=1)} == {Pair(first=1, second=2)}


def test_a_class_keeps_its_own_equality_and_hash() -> None:
    assert {Name("A"), Name("a")} == {Name("a")}


def test_objects_have_slots_and_no_more() -> None:
    assert not hasattr(Pair(first=1), "__dict__")


def test_objects_of_two_classes_differ() -> None:
    @immutable()
    class Other:
        first: int
        second: int = 2

    assert Pair(first=1) != Other(first=1)
    assert Pair(first=1) != (1, 2)


def test_a_field_that_is_not_compared_is_not_hashed_either() -> None:
    @immutable()
    class Told:
        code: str
        words: list[str] = field(compare=False)

    assert Told(code="a", words=["x"]) == Told(code="a", words=["y"])
    assert hash(Told(code="a", words=["x"])) == hash(Told(code="a", words=[]))


def test_what_is_shown_can_be_typed_again() -> None:
    assert repr(Pair(first=1)) == "Pair(first=1, second=2)"


def test_a_class_without_fields() -> None:
    @immutable()
    class Nothing:
        pass

    assert Nothing() == Nothing()
    assert hash(Nothing()) == hash(Nothing())
