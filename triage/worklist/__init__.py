"""Scores become lanes, tiers, due dates and a list for people."""
