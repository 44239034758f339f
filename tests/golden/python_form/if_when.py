@graph
def triage(alert_id: str) -> None:
    if when(alert_id == "a"):
        page("ann")
