"""The libraries that people already train, track and serve with, one module for each.

Promises: a module imports its library, and nothing imports a module but the person who wants it;
nothing registers itself. What is measured is what `brizna.measure` measures, with the library's own
epochs, requests or tests as its parts. A fault in measuring never reaches the library's work.
Refuses to patch a library or to guess around one that is missing or too old: it says what to do.
"""

from __future__ import annotations
