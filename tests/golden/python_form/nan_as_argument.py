@graph
def triage(alert_id: str) -> None:
    page(who="ann", text=float("nan"))
