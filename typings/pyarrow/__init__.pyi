# pyarrow has no types of its own: everything in it is `Any`, said once here, so that strict checking stays on elsewhere.
from typing import Any

def __getattr__(name: str) -> Any: ...
