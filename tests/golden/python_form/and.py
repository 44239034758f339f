@graph
def triage(alert_id: str) -> None:
    alert = fetch_alert(alert_id)
    with when(alert.severity >= 3 and alert.owner == "ann"):
        page(alert.owner)
