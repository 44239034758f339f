def make(owner: str) -> object:
    @graph
    def inner() -> None:
        page(owner)

    return inner


@graph
def triage() -> None:
    make("ann").using(id="a")()
    make("bob").using(id="b")()
