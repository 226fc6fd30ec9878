"""Compositions: closure, log-ratios, balances."""
