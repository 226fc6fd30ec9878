"""The purest spectra of a scene."""
