"""The web application: the API and the console as one, with what every answer has in common.

Every answer carries a request id and the security headers, is compressed when it is worth it, and leaves one line in
the log. Refusals under `/v1` and `/health` are problem+json, everywhere else pages.
"""

import time
from typing import Any, Final

import structlog
from anyio import to_thread
from litestar import Litestar, Request, Response
from litestar.config.compression import CompressionConfig
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from regulars import api, console
from regulars.app import App

_log = structlog.get_logger("regulars.http")

_SECURITY: Final = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
        "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def create_asgi(app: App) -> Litestar:
    """Join the API and the console. Serve it with uvicorn; work runs in threads, hot requests go through lanes."""
    secure = (app.settings.public_url or "").startswith("https://")

    def refuse(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
        if request.url.path.startswith(("/v1/", "/health/")):
            return api.refuse(request, error)
        return console.error_page(request, error, app)  # pyright: ignore[reportArgumentType]

    door = api.create_api(app)

    async def end() -> None:
        await to_thread.run_sync(door.close)

    litestar = Litestar(
        route_handlers=[*door.routes, *console.create_console(app)],
        exception_handlers={Exception: refuse},
        compression_config=CompressionConfig(backend="gzip", minimum_size=600, gzip_compress_level=6),
        openapi_config=None,
        logging_config=None,
        on_shutdown=[end],
    )
    litestar.asgi_handler = _Outermost(door.around(litestar.asgi_handler), secure=secure)
    return litestar


class _Outermost:
    """Around everything, also what no route answers: the request id, the headers, the line in the log."""

    def __init__(self, handler: ASGIApp, *, secure: bool) -> None:
        self._handler = handler
        headers = _SECURITY | ({"Strict-Transport-Security": "max-age=31536000"} if secure else {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._handler(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                own = {b"x-request-id": api.request_id(scope).encode()} | {
                    name.lower().encode(): value.encode() for name, value in api.answer_headers(scope).items()
                }
                given = {name.lower() for name, _ in message["headers"]}
                ours = [(name, value) for name, value in [*own.items(), *self._headers] if name not in given]
                message["headers"] = [*message["headers"], *ours]
            await send(message)

        try:
            await self._handler(scope, receive, with_headers)
        finally:
            _log.info(
                "request",
                method=scope["method"],
                path=scope["path"],
                status=status,
                ms=round((time.perf_counter() - began) * 1000, 1),
                request_id=api.request_id(scope),
                caller=api.caller_of(scope),
            )
