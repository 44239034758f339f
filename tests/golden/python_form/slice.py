@graph
def triage(alert_id: str) -> list[str]:
    return fetch_alert(alert_id).tags[:2]
