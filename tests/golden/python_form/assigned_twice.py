@graph
def triage(alert_id: str) -> str:
    text = shorten(alert_id)
    text = shorten(text)
    return text
