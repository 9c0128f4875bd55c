"""Whose children are missed and who is intruded upon, by group."""
