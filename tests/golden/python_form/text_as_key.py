@graph
def triage(alert_id: str) -> dict[str, str]:
    return {"by": {f"alert {alert_id}": "x"}}
