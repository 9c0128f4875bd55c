"""Read tables whose columns nobody knows beforehand: CSV, JSON Lines and XLSX, by a mapping file."""
