"""Holds ``codecarbon.external.logger``."""
