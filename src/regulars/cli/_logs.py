"""What the running program says about itself: on standard error, in colour for people and as JSON lines for programs."""

import logging
import sys

import structlog

_TRACEBACKS = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)


def configure_logs() -> None:
    """Set up logging for this process. Standard output stays free for what commands print."""
    for_people = sys.stderr.isatty()
    time_format = "%H:%M:%S" if for_people else "iso"
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt=time_format, utc=not for_people),
            # never with local variables: those of a request hold passwords and session cookies
            *([] if for_people else [structlog.processors.ExceptionRenderer(_TRACEBACKS)]),
            structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
            if for_people
            else structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
