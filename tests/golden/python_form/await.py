@graph
async def triage(alert_id: str) -> str:
    return await fetch_alert(alert_id)
