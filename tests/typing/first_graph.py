"""The first program that people see."""

from typing import assert_type

from interlock import GraphFunction, RunResult, action, graph, run


@action(effect="read")
def count_words(text: str) -> int:
    return len(text.split())


@graph
def report(text: str) -> str:
    n = count_words(text)
    assert_type(n, int)
    return f"{n} words"


def main() -> None:
    result = run(report, text="to be or not to be")
    assert_type(result, RunResult)
    assert result.output == "6 words"
    also: GraphFunction[[str], str] = report
    run(also, inputs={"text": "again"}, store="journal.db", key="a")
