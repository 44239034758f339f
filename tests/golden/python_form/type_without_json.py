@graph
def triage(alert: memoryview) -> None:
    page("ann")
