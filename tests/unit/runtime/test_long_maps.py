"""A `map` over more items than one CEL expression may go over."""

from interlock import action, each, graph, run


@action(effect="pure")
def twice(number: int) -> int:
    return 2 * number


@graph
def doubled(numbers: list[int]) -> list[int]:
    return each(twice, numbers).results


def test_the_results_of_many_items_are_returned_whole():
    result = run(doubled, numbers=list(range(20_000)))
    assert result.output == [2 * number for number in range(20_000)]
