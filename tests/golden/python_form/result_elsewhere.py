@graph
def triage(tags: list[str]) -> None:
    seen = []
    page.using(ensure=lambda result: seen.append(result) or result == "x")("ann")
    each(lambda tag: page(seen[0]), tags)
