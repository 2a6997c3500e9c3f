"""`make audit`: the built site before Lighthouse, which needs Node.js and a browser.

Less than 100 for accessibility, best practices or findability is an error. Performance is what
this machine could do in this minute: the median of five visits is printed, and nothing follows from it.
"""

from __future__ import annotations

import gzip
import json
import os
import shutil
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

SITE = Path("site")
PAGES = ("", "primer/", "insights/stress/", "insights/funding/", "insights/cascades/", "reference/margin/")
VISITS = 5
LIGHTHOUSE = "lighthouse@12.8.2"
MUST = ("accessibility", "best-practices", "seo")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync"
)


class Compressed(SimpleHTTPRequestHandler):
    """Serves as a host would: text with gzip."""

    def log_message(self, *_args: object) -> None:
        pass

    def do_GET(self) -> None:
        """Answer with a file of the site."""
        file = Path(self.translate_path(self.path))
        file = file / "index.html" if file.is_dir() else file
        if not file.is_file():
            self.send_error(404)
            return
        body, kind = file.read_bytes(), self.guess_type(str(file))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        if kind.startswith("text/") or kind.endswith(("json", "javascript", "xml")):
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def visit(address: str) -> dict[str, Any]:
    """One run of Lighthouse with its mobile preset; npm brings it, and it is not installed in the project."""
    done = subprocess.run(
        ["npm", "exec", "--yes", f"--package={LIGHTHOUSE}", "--", "lighthouse", address, "--quiet", "--output=json",
         f"--chrome-flags={FLAGS}"],
        capture_output=True, text=True, check=False, env={**os.environ, "CHROME_PATH": shutil.which("chromium") or ""},
    )  # fmt: skip
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        sys.exit(f"Lighthouse did not run:\n{done.stderr}")


def main() -> int:
    """Print what was found; 1 where it must not be."""
    faults = []
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Compressed, directory=SITE)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        print(f"{'median of ' + str(VISITS):24} performance  accessibility  best practices  findability  blocked, ms")
        for path in PAGES:
            runs = [visit(f"http://127.0.0.1:{server.server_port}/{path}") for _ in range(VISITS)]
            score = {
                name: round(100 * median(run["categories"][name]["score"] for run in runs))
                for name in ("performance", *MUST)
            }
            blocked = median(run["audits"]["total-blocking-time"]["numericValue"] for run in runs)
            print(
                f"{'/' + path:24} {score['performance']:11}  {score['accessibility']:13}  {score['best-practices']:14}"
                f"  {score['seo']:11}  {blocked:11.0f}"
            )
            faults += [f"/{path}: {name} is {score[name]}" for name in MUST if score[name] < 100]
        server.shutdown()
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
