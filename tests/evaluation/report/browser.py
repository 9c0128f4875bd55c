"""A real headless browser, for tests of pages."""

import json
import shutil
import subprocess
from pathlib import Path
from urllib.parse import urlsplit

QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    # Whatever is asked for ends at a closed port of this machine.
    "--proxy-server=http://127.0.0.1:9",
]
BLANK = "<!doctype html><title>blank</title>"


def find_browser():
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    assert found, "no Chromium here: install one (on Debian: apt-get install chromium) for this lane of tests"
    return found


def open_page(page: Path, folder: Path, *options: str) -> str:
    """Open a page, and return what the browser prints."""
    done = subprocess.run(
        [
            find_browser(),
            *QUIET,
            f"--user-data-dir={folder / 'profile'}",
            f"--log-net-log={folder / 'net.json'}",
            *options,
            page.as_uri(),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout


def hosts_asked_for(page: Path, folder: Path) -> set[str]:
    """Return the hosts that a page makes the browser ask for, beside those that it asks for by itself."""
    blank = folder / "blank.html"
    blank.write_text(BLANK)
    own, asked = (_hosts(one, folder) for one in (blank, page))
    return asked - own


def _hosts(page: Path, folder: Path) -> set[str]:
    open_page(page, folder, "--dump-dom")
    events = json.loads((folder / "net.json").read_text())["events"]
    addresses = {event.get("params", {}).get("url", "") for event in events}
    return {urlsplit(one).netloc for one in addresses if one.startswith(("http", "ws", "ftp"))}
