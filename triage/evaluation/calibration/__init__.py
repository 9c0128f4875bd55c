"""Whether probabilities are right: on average, along their range, and among the cases that are opened."""
