@graph
def triage(alert_id: str) -> None:
    triage(alert_id)
