@graph
def triage(alert_id: str) -> str:
    return json.dumps(f"about {fetch_alert(alert_id).owner}")
