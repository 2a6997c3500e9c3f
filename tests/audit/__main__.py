"""`make audit`: the built site before the Nu validator and Lighthouse, which need Java, Node.js and a browser.

Faults in the HTML, and less than 100 for accessibility, best practices or findability, are errors. Performance is what
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
NU, LIGHTHOUSE = "vnu-jar@26.9.27", "lighthouse@12.8.2"
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


def node(package: str, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """A program of a package of Node.js, without its installation in the project."""
    return subprocess.run(
        ["npm", "exec", "--yes", f"--package={package}", "--", program, *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, "CHROME_PATH": shutil.which("chromium") or ""},
    )  # fmt: skip


def html_faults() -> list[str]:
    """What the Nu validator says against the pages."""
    done = node(NU, "vnu", "--format", "json", "--skip-non-html", str(SITE))
    try:
        messages = json.loads(done.stderr[done.stderr.index("{") :])["messages"]
    except ValueError:
        sys.exit(f"the validator did not run:\n{done.stderr}")
    return [f"{message['url']}:{message.get('lastLine')}: {message['message']}" for message in messages]


def visit(address: str) -> dict[str, Any]:
    """One run of Lighthouse with its mobile preset."""
    done = node(LIGHTHOUSE, "lighthouse", address, "--quiet", "--output=json", f"--chrome-flags={FLAGS}")
    try:
        return dict(json.loads(done.stdout))
    except ValueError:
        sys.exit(f"Lighthouse did not run:\n{done.stderr}")


def main() -> int:
    """Print what was found; 1 where it must not be."""
    faults = html_faults()
    print(f"HTML: {len(list(SITE.rglob('*.html')))} pages, {len(faults)} errors")
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
