"""What figures are worth when only the chosen cases have outcomes."""
