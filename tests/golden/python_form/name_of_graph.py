@graph("1st triage")
def triage(alert_id: str) -> None:
    page(alert_id)
