"""Fewer components that hold the signal."""
