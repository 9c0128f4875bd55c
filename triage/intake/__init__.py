"""Outside files become a valid batch, with the rows set aside and the reasons."""
