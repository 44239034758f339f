@graph
def triage(alert_id: str) -> None:
    page.using(retries=3)(alert_id)
