"""Targets and anomalies against the statistics of a scene."""
