"""One module per peer, each run as `python -m benchmarks.peers.NAME SHAPE [SIZE]`."""
