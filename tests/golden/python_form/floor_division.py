@graph
def triage(alert_id: str) -> int:
    return fetch_alert(alert_id).severity // 2
