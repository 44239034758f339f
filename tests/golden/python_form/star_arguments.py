@graph
def triage(*alerts: str) -> None:
    page("ann")
