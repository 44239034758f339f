with when(True):
    pass
