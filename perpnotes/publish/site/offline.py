"""The whole site as one file, to be read where there is no network.

What makes a page work from a disk is in its scripts: links lead to files, and the search runs in the page.
"""

from __future__ import annotations

import os
import re
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from perpnotes.publish.site import runtime

NAME = "perpnotes-site.zip"
_BUTTON = re.compile(rb'<p class="pn-runs">.*?</p>')
_FIRST = 315_532_800  # 1980, where the dates of a ZIP file begin


def pack(site: Path) -> Path:
    """Write the archive of a built site into it, the same for the same site and `SOURCE_DATE_EPOCH`.

    Parameters:
        site: the folder.

    Returns:
        The archive, with everything in a folder of its own.
    """
    archive = site / NAME
    archive.unlink(missing_ok=True)
    made = datetime.fromtimestamp(max(int(os.environ.get("SOURCE_DATE_EPOCH") or 0), _FIRST), UTC).timetuple()[:6]
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as files:
        for file in sorted(path for path in site.rglob("*") if path.is_file() and path != archive):
            if runtime.TARGET in file.as_posix():
                continue  # a page from a disk may start no Python
            name = Path(archive.stem, file.relative_to(site)).as_posix()
            content = file.read_bytes()
            if file.suffix == ".html":
                content = _BUTTON.sub(b"", content)
            files.writestr(zipfile.ZipInfo(name, made), content, zipfile.ZIP_DEFLATED)
    return archive
