SEEN = []


@graph
def first(alert_id: str) -> None:
    SEEN.append(fetch_alert(alert_id))


@graph
def triage(alert_id: str) -> str:
    return SEEN[0].owner


first.graph
