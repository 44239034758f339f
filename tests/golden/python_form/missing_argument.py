@graph
def triage(alert_id: str) -> str:
    alert = fetch_alert()
    return alert.owner
