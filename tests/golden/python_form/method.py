@graph
def triage(alert_id: str) -> str:
    return fetch_alert(alert_id).owner.upper()
