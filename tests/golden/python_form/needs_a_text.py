@graph
def triage(alert_id: str) -> None:
    page.using(needs=[alert_id])(alert_id)
