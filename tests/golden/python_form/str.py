@graph
def triage(alert_id: str) -> str:
    return "severity " + str(fetch_alert(alert_id).severity)
