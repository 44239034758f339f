@graph
def triage(alert_id: str, ctx: Context) -> None:
    page(alert_id)
