@graph
def triage(alert_id: str) -> bool:
    return not fetch_alert(alert_id).urgent
