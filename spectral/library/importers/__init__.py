"""Readers of spectra in the formats of laboratories, field instruments and archives."""
