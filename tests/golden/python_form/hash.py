@graph
def triage(alert_id: str) -> str:
    return {"ann": "Ann"}[fetch_alert(alert_id).owner]
