"""Two scores on the same cases."""
