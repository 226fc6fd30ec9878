"""Background, thresholds, levelling."""
