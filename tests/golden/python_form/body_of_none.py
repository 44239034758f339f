@graph
def triage(tags: list[str]) -> None:
    each(lambda: page("ann"), tags)
