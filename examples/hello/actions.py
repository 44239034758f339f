"""The actions that hello.yaml may name."""

from interlock import Registry, action


@action("text.greet", effect="pure")
def greet(name: str) -> str:
    return f"Hello, {name}!"


@action("text.count", effect="pure")
def count(text: str) -> int:
    return len(text.split())


registry = Registry([greet, count])
