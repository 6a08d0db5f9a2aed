"""The report of `regulars analyze` as one HTML page that needs nothing else."""

from regulars.cli.report._pages import page

__all__ = ["page"]
