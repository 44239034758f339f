@graph
def triage(alert_id: str) -> str:
    return fetch_alert.using(id="the-alert")(alert_id).owner
