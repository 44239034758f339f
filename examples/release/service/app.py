"""The service that is released: it says hello."""


def greeting(name: str) -> str:
    return f"Hello, {name}!"
