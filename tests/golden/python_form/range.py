@graph
def triage(alert_id: str) -> None:
    for _ in range(fetch_alert(alert_id).severity):
        page("ann")
