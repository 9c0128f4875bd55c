"""The rows of the ten tables."""
