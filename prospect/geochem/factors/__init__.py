"""Many analytes together: components, factors, groups, outliers, tails."""
