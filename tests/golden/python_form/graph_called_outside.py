@graph
def triage(alert_id: str) -> None:
    page(alert_id)


triage("a")
