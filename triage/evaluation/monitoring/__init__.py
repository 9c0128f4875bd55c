"""Whether figures hold over time: periods, drift, and alarms."""
