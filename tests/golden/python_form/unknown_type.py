@graph
def triage(alert: "Alarm") -> None:
    page(alert.owner)
