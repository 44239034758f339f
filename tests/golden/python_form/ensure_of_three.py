@graph
def triage(alert_id: str) -> None:
    page.using(ensure=lambda a, b, c: a == b)(alert_id)
