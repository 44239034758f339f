@graph
def triage(alert_id: str) -> str:
    alert = fetch_alert(alert_id)
    with when(alert.severity > 3):
        called = page(alert.owner)
    return called
