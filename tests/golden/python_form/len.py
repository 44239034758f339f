@graph
def triage(alert_id: str) -> int:
    return len(fetch_alert(alert_id).tags)
