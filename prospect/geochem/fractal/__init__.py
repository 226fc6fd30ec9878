"""Fractal and multifractal models."""
