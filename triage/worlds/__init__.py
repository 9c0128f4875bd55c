"""The simulator: a world file becomes a batch, its outcomes and its truth."""
