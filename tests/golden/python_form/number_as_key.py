@graph
def triage(alert_id: str) -> dict[str, object]:
    return {"by": {1: alert_id}}
