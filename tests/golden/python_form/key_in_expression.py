@graph
def triage(alert_id: str) -> bool:
    return fetch_alert(alert_id).owner == {1: "ann"}
