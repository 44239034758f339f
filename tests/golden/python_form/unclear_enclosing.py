@graph
def triage(tags: list[str]) -> None:
    each(enclosing("page_all"), tags)
