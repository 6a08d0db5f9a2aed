"""Regulars: self-hosted customer loyalty for e-commerce."""

from importlib.metadata import version

__version__ = version("regulars")
