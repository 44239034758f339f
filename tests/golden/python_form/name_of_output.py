@graph
def triage(alert_id: str) -> dict[str, str]:
    return {"who-is-it": fetch_alert(alert_id).owner}
