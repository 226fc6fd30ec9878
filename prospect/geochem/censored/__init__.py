"""Values below detection: their statistics and their imputation."""
