@graph
def triage(alert_id: str) -> None:
    propose(lambda goal: {})(goal=alert_id)
