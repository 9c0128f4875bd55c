"""Drawings of what was computed elsewhere, in the manner of scikit-learn's displays."""
