@graph
def triage(tags: list[str]) -> str:
    pages = each(lambda tag: page(tag), tags)
    tag = shorten("abc")
    return tag
