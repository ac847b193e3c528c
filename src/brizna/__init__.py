"""brizna: measure, account for and lower the energy and carbon of AI work."""
