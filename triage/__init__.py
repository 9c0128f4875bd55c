"""Ranks reports about online child sexual abuse by the likelihood of current abuse."""
