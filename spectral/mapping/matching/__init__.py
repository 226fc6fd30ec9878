"""How alike spectra are: angles, divergences, correlations."""
