@graph
def triage(alert_id: str) -> None:
    page.using(timeout=30)(alert_id)
