@graph
def triage(alert_id: str) -> str:
    result = fetch_alert(alert_id)
    return result.owner
