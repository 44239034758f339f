@graph
def triage(alert_id: str) -> str:
    alert = fetch_alert(alert_id)
    return f"{alert.severity=}"
