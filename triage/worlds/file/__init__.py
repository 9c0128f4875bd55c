"""A world file: what it may say, read and checked."""
