"""Serving while one writes: from an edit to the pages that show it, against building everything anew."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_build import EXPORT, copies, output, timed

EDITS = {
    "words of an article without code": ("docs/about.md", "\n## ", "\nMore words.\n\n## "),
    "value in the code of an article": ("docs/insights/fees.md", "rate = 60_000.0", "rate = 61_000.0"),
    "comment in that article": ("docs/insights/fees.md", "\n## ", "\n<!-- a note -->\n\n## "),
    "value of the library": ("perpnotes/fees.py", "n * (first + last", "n * (first + 2 * last"),
    "definition in the glossary": ("docs/glossary.md", "\n\n## ", " More words.\n\n## "),
}
TIMES = 40
# Looking for edits ten times a second and waiting until a file is written adds a tenth of a second.
SERVE = f"""
import resource, time
from pathlib import Path
from perpnotes.publish.serve import Site

def seconds(build):
    start = time.perf_counter()
    build()
    return time.perf_counter() - start

def memory():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

site = Site("site", "http://127.0.0.1:8000/")
site.build()
print(seconds(lambda: Site("site", "http://127.0.0.1:8000/").build()))
for file, old, new in {list(EDITS.values())!r}:
    file, text = Path(file), Path(file).read_text(encoding="utf-8")
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    print(seconds(site.build))
    file.write_text(text, encoding="utf-8")
    site.build()
file, before = Path("docs/about.md"), memory()
for time_ in range({TIMES}):
    file.write_text(file.read_text(encoding="utf-8") + "\\nMore.\\n", encoding="utf-8")
    site.build()
print(before, memory())
"""


def run() -> Iterator[tuple[str, str]]:
    """Edit each kind of input of the site as it is, with all results kept, and then one page again and again."""
    with TemporaryDirectory() as folder:
        site = copies(Path(folder), 0)
        timed(site, *EXPORT)
        full, *edits, memory = output(site, "-c", SERVE).split("\n")
        yield "everything anew, with the results kept", f"{float(full):.2f} s"
        for kind, took in zip(EDITS, map(float, edits), strict=True):
            yield f"{kind} (ratio to everything)", f"{took:.2f} s ({took / float(full):.2f})"
        before, after = map(float, memory.split())
        yield f"memory before and after {TIMES} edits", f"{before:.0f} MB, {after:.0f} MB"
