@graph
def triage(alert_id: str) -> None:
    with fetch_alert(alert_id).severity >= 3:
        page("ann")
