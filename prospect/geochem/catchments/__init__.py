"""Catchments of stream samples."""
