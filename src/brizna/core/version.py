"""The version of brizna: what a record says it was written by."""

from __future__ import annotations

VERSION = "0.1.0"
__version__ = VERSION
"""The same under the name that packages use."""
