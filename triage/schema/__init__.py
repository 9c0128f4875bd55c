"""What a batch is: its tables, their columns and codes, and when each value can be known."""
