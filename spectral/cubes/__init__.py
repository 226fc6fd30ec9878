"""Images of many wavelengths: opened, checked, saved."""
