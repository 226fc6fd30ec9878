"""Sensors: their bands and responses, and spectra as they see them."""
