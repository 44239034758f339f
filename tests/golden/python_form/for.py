@graph
def triage(alert_id: str) -> None:
    for tag in fetch_alert(alert_id).tags:
        page(tag)
