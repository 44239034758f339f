"""What a command works on: the project, its store, graphs, actions and settings."""
