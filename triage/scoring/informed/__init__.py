"""The model of the years in which few outcomes exist: logistic, starting from the published evidence."""
