@graph
def triage(alert_id: str) -> object:
    yield fetch_alert(alert_id)
