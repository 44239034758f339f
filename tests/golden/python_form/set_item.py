@graph
def triage(alert_id: str) -> str:
    alert = fetch_alert(alert_id)
    alert.tags[0] = "ann"
    return alert.owner
