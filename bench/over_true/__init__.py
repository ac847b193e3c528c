"""What each tool reports over what is true: simulated counters at a known power, in one run.

Promises: every tool sees the same files in the same places where the kernel would show them, reads
them as its own documentation says, and is told nothing. The truth is what the simulated machine
wrote down of itself. A tool that refuses, fails, loses its data or has no such feature says so in
its cell, and what it complained of, beyond what it always says, is kept as its flags.
"""
