@graph
def triage(alert_id: str) -> str:
    alert = fetch_alert(alert_id)
    del alert.owner
    return alert.tags
