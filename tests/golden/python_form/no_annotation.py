@graph
def triage(alert_id) -> None:
    page(alert_id)
