@graph
def triage(alert_id: str) -> bool:
    return "prod" in fetch_alert(alert_id).tags
