@graph
def triage(alert_id: str) -> None:
    when(alert_id == "a")
    page("ann")
