"""How good an order of the cases is: at capacity, over all thresholds, and beside the oracle of a world."""
