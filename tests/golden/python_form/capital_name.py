@graph
def triage(alert_id: str) -> str:
    theAlert = fetch_alert(alert_id)
    return theAlert.owner
