"""A part of a batch becomes one row of numbers per case."""
