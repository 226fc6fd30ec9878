"""Anomalies as polygons: zones, composites, rating, register, point plans."""
