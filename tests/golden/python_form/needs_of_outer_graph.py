@graph
def triage(alert_id: str) -> None:
    alert = fetch_alert(alert_id)
    each(lambda tag: page.using(needs=[alert])(tag), ["a"])
