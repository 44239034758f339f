@graph
def triage(alert_id: str) -> bool:
    alert = fetch_alert(alert_id)
    return alert.owner == f"{alert_id}-owner"
