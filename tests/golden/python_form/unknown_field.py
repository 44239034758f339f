@graph
def triage(alert_id: str) -> None:
    alert = fetch_alert(alert_id)
    page(alert.owener, text=f"severity {alert.severity}")
    page.using(id="again")(
        who=alert.severity,
    )
