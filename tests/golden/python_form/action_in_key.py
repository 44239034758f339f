@graph
def triage(tags: list[str]) -> None:
    each(page, tags, key=lambda tag: shorten(tag))
