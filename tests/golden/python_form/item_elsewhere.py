@graph
def triage(tags: list[str]) -> None:
    seen = []
    each(page, tags, key=lambda tag: seen.append(tag) or tag)
    page.using(id="first")(seen[0])
