@graph
def triage(alert_id: str) -> str:
    return status("page")
