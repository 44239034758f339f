triage = graph(lambda: page("ann"))
