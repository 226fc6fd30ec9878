"""Absorption features: continuum, position, depth, width, feature fits."""
