"""The archive of a site holds all of it, and is the same whenever it is made of the same."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from perpnotes.publish.site.offline import pack


def test_the_archive_holds_the_site_and_is_reproducible(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made twice, an hour apart by the clock of its files: the same bytes, and no archive in the archive."""
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1700000000")
    (tmp_path / "search").mkdir()
    (tmp_path / "search/index.js").write_text("pnIndex([])")
    page = tmp_path / "index.html"
    page.write_text("read me")
    first = pack(tmp_path).read_bytes()
    page.touch()
    assert pack(tmp_path).read_bytes() == first
    with zipfile.ZipFile(tmp_path / "perpnotes-site.zip") as archive:
        names = archive.namelist()
        assert names == [f"perpnotes-site/{name}" for name in ("index.html", "search/index.js")]
        assert archive.read(names[1]) == b"pnIndex([])"
        assert {entry.date_time[:3] for entry in archive.infolist()} == {(2023, 11, 14)}
