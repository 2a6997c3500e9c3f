"""`make audit`: the built site before Lighthouse, which needs npm and a browser.

`python -m tests.audit --needs` says all that is missing for it, and does nothing else.

Less than 100 for accessibility, best practices or findability is an error. Performance is what
this machine could do in this minute: the median of five visits is printed, and nothing follows from it.
"""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from statistics import median
from typing import Any

from tests.needs import CHROMIUM, NPM

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


def lighthouse(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Lighthouse from npm, which keeps it in its own cache; it is not installed in the project."""
    return subprocess.run(
        ["npm", "exec", "--yes", f"--package={LIGHTHOUSE}", "--", "lighthouse", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "CHROME_PATH": CHROMIUM.path() or ""},
    )  # fmt: skip


def missing() -> list[str]:
    """Everything that the audit needs and this machine does not have, each with how to get it."""
    found = [program.missing for program in (CHROMIUM, NPM) if program.path() is None]
    if NPM.missing not in found and (done := lighthouse("--version")).returncode:
        said = "\n  ".join(done.stderr.strip().splitlines()[-5:])
        found.append(
            f"no {LIGHTHOUSE}: npm brings it, given a network and a Node.js that is new enough; it said:\n  {said}"
        )
    return found


def visit(address: str) -> dict[str, Any]:
    """One run of Lighthouse with its mobile preset."""
    done = lighthouse(address, "--quiet", "--output=json", f"--chrome-flags={FLAGS}")
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
    if lacks := missing():
        sys.exit("make audit needs more than this machine has:\n- " + "\n- ".join(lacks))
    sys.exit(0 if "--needs" in sys.argv else main())
