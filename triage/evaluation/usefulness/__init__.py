"""What decisions by a score are worth: net benefit, expected cost, and other base rates."""
