@graph
def triage(alert_id: str) -> None:
    page.using(retry={"attempts": 0})(alert_id)
