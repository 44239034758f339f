@graph
def triage(alert_id: str) -> None:
    page("ann")
    page("bob")
