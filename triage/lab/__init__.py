"""The policy lab: what a way of working does to the time until a child is reached."""
