@graph
def triage(alert_id: str) -> int:
    return int(fetch_alert(alert_id).severity)
