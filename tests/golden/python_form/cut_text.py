@graph
def triage(alert_id: str) -> str:
    return f"a long text about {fetch_alert(alert_id).owner}"[:30]
