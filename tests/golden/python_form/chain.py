@graph
def triage(alert_id: str) -> None:
    alert = fetch_alert(alert_id)
    with when(1 < alert.severity < 3):
        page(alert.owner)
