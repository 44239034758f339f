@graph
def triage(alert_id: str) -> str:
    return f"severity {fetch_alert(alert_id).severity:>3}"
