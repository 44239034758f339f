@graph
def triage(alert_id: str) -> None:
    page(who=optional(alert_id))
