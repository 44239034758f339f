"""A first graph in Python: two actions, one graph, one run in memory."""

from interlock import action, graph, run


@action(effect="read")
def fetch_letter(name: str) -> str:
    return f"Dear {name}, the line is clear."


@action(effect="pure")
def count_words(text: str) -> int:
    return len(text.split())


@graph
def report(name: str) -> str:
    letter = fetch_letter(name)
    words = count_words(letter)
    return f"{words} words: {letter}"


result = run(report, name="Ada")
print(result.status)
print(result.output)
