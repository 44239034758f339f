"""Mistakes that a type checker finds: each ignored error must be one."""

from interlock import action, each, graph, propose, run


@action(effect="read")
def count_words(text: str) -> int:
    return len(text.split())


@graph
def report(text: str) -> str:
    n = count_words(3)  # type: ignore[arg-type]
    m = count_words(words=text)  # type: ignore[call-arg]
    k = count_words.using(retries=3)(text)  # type: ignore[call-arg]
    j = count_words.using(on_error="ignore")(text)  # type: ignore[arg-type]
    e = each(count_words, [1, 2])  # type: ignore[arg-type]
    p = propose(count_words, returns=int)(5)  # type: ignore[arg-type]
    return n + m + k + j + e.count + p  # type: ignore[return-value]


@graph
def twice(text: str) -> str:
    return report(text, text)  # type: ignore[call-arg]


run(count_words, text="a")  # type: ignore[arg-type]
