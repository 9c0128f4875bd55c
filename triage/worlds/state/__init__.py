"""What is hidden of a world, how likely what shows is given it, and the posterior."""
