"""Shares of endmembers in each pixel."""
