@graph
def triage(alert_id: str) -> None:
    page.using(on_error="ignore")(alert_id)
