"""A folder served as a Hadoop cluster serves one (WebHDFS), on this machine: real connections, real failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, unquote, urlsplit


class Server(ThreadingHTTPServer):
    """Files of a folder; `forbidden` and `cut` are paths in it, `asked` is what was asked for."""

    daemon_threads = True

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.folder = folder
        self.forbidden, self.cut = set[str](), set[str]()
        self.asked: list[tuple[str, str, int]] = []
        self.with_password: set[str | None] = set()

    @property
    def url(self) -> str:
        return f"webhdfs://127.0.0.1:{self.server_port}"


class _Answer(BaseHTTPRequestHandler):
    wbufsize = -1
    server: Server

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        name = unquote(parts.path).removeprefix("/webhdfs/v1/")
        file, length = self.server.folder / name, int(asked.get("length", 0))
        self.server.asked.append((asked["op"], name, length))
        self.server.with_password.add(self.headers.get("Authorization"))
        if name in self.server.forbidden:
            self._refuse(403, "AccessControlException", "Permission denied: user=dr.who")
        elif not file.exists():
            self._refuse(404, "FileNotFoundException", "File does not exist")
        elif asked["op"] == "GETFILESTATUS":
            kind = "DIRECTORY" if file.is_dir() else "FILE"
            self._send(json.dumps({"FileStatus": {"type": kind, "length": file.stat().st_size}}).encode())
        elif asked["op"] == "OPEN":
            start = int(asked["offset"])
            self._send(file.read_bytes()[start : start + length], cut=name in self.server.cut)
        else:
            self._refuse(400, "UnsupportedOperationException", asked["op"])

    def _refuse(self, status: int, name: str, message: str) -> None:
        self._send(json.dumps({"RemoteException": {"exception": name, "message": message}}).encode(), status)

    def _send(self, body: bytes, status: int = 200, *, cut: bool = False) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if cut else body)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(folder: Path) -> Iterator[Server]:
    """Serve the files of a folder until the block ends."""
    with Server(folder) as server:
        thread = Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
