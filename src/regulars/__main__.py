"""`python -m regulars`, and the `regulars` script: quiet when it is interrupted, even while it is still loading."""

import sys


def main() -> None:
    """Load the command line, which takes a second, and run it."""
    try:
        from regulars import cli  # noqa: PLC0415 - an interruption while this loads is caught here

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
