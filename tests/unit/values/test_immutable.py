"""`immutable` and `mutable`: what dataclasses do, but for the cost of making one."""

from dataclasses import field, replace

import pytest

from interlock.values import immutable, maker, mutable


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


def test_each_object_has_a_value_of_its_own_where_the_default_is_made() -> None:
    @immutable(kw_only=False)
    class Bag:
        held: list[int] = field(default_factory=list[int])

    one, other = Bag(), Bag([1])
    one.held.append(2)
    assert (one.held, other.held, Bag().held) == ([2], [1], [])


def test_a_subclass_takes_the_fields_of_both_first_by_place_then_by_name() -> None:
    @immutable()
    class Base:
        told: str = "base"

    @immutable(kw_only=False)
    class More(Base):
        number: int

    # The subclass comes first: it must not be given what its base takes.
    assert (More(3, told="x").told, More(4).number) == ("x", 4)
    assert Base().told == "base"
    with pytest.raises(TypeError, match=r"Base\.__init__\(\) .*'number'"):
        Base(number=1)  # pyright: ignore[reportCallIssue]


def test_a_field_without_default_must_be_given_each_time() -> None:
    for _ in range(2):
        with pytest.raises(TypeError, match=r"Pair\.__init__\(\) .*'first'"):
            Pair()  # pyright: ignore[reportCallIssue]


def test_a_class_may_finish_its_objects() -> None:
    @immutable()
    class Even:
        number: int

        def __post_init__(self) -> None:
            if self.number % 2:
                raise ValueError(self.number)

    for _ in range(2):
        with pytest.raises(ValueError, match="3"):
            Even(number=3)
    assert Even(number=4).number == 4


def test_mutable_objects_are_equal_by_their_fields_and_have_no_hash() -> None:
    @mutable()
    class Count:
        number: int = 0

    one = Count()
    one.number += 1
    assert one == Count(1) != Count()
    assert repr(one).endswith("Count(number=1)")
    with pytest.raises(TypeError, match="unhashable"):
        hash(one)


def test_mutable_objects_may_be_equal_to_themselves_alone() -> None:
    @mutable(eq=False)
    class Mark:
        pass

    one = Mark()
    assert one != Mark()
    assert len({one, Mark()}) == 2


def test_what_a_maker_makes_is_what_its_class_makes() -> None:
    made = maker(Pair)
    assert made(first=1) == Pair(first=1)
    assert made(first=1, second=3) == Pair(first=1, second=3)
    assert type(made(first=1)) is Pair
    with pytest.raises(TypeError, match="first"):
        made()  # pyright: ignore[reportCallIssue]


def test_a_maker_makes_defaults_anew() -> None:
    @mutable()
    class Bag:
        held: list[int] = field(default_factory=list[int])

    made = maker(Bag)
    one = made()
    one.held.append(2)
    assert (one, made(), made([1])) == (Bag([2]), Bag(), Bag([1]))
