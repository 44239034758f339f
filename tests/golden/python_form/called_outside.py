page("ann")
