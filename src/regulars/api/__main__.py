"""Write the documents that are made from the code: `python -m regulars.api docs/reference`."""

import sys
from pathlib import Path

from regulars.api import reference_pages

if __name__ == "__main__":
    for name, text in reference_pages().items():
        (Path(sys.argv[1]) / name).write_text(text, "utf-8")
