@graph
def triage(tags: list[str]) -> None:
    each(lambda tag, owner: page(tag, owner), tags)
