@graph
def triage(alert_id: str) -> str:
    first, second = fetch_alert(alert_id).tags
    return first
