TEXTS = []


@graph
def first(alert_id: str) -> None:
    TEXTS.append(f"about {alert_id}")


@graph
def triage(alert_id: str) -> str:
    return TEXTS[0]


first.graph
