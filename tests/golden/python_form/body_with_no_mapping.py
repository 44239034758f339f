@graph
def triage(tags: list[str]) -> None:
    each(page, tags, with_=lambda tag: tag)
