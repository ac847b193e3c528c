"""The nouns: quantities, estimates, signals, sites, records, and the errors.

Standard library only, and pure: nothing here reads a clock, a file, a variable or the network.
Refuses NaN, unit mixing, naive times, and any invented number.
"""
