@graph
def triage(alert_id: str) -> str:
    return "severity %s" % fetch_alert(alert_id).severity
