"""Features become a score, a probability, an interval and reasons."""
