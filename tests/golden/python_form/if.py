@graph
def triage(alert_id: str) -> str:
    alert = fetch_alert(alert_id)
    if alert.severity >= 3:
        page(alert.owner)
    return alert.owner
