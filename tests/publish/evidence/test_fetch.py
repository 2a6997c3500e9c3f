"""A data set is fetched by commit and hash, from a server on this machine, and cut as it was cut."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from perpnotes.publish import cli
from perpnotes.publish.compute.records import Dataset
from perpnotes.publish.evidence import fetch
from perpnotes.publish.evidence.measure import sha256

pytest.importorskip("pooch", reason="pooch is not installed: `make .venv/dev` brings it")

COMMIT = "0123456789012345678901234567890123456789"
RAW = {
    "data/xauusd.csv": b",Date,close\n0,2016-12-30,9\n1,2017-01-02,1147.5\n2,2017-01-03,1158.84\n",
    "data/spy.csv": b",Date,open,close\n0,2017-01-03,1,199.8199999999\n",
    "data/eww.csv": b",Date,open,close\n0,2017-01-03,1,\n",
}
CUT = b"date,XAUUSD_close,SPY_close,EWW_close\n2017-01-02,1147.5,,\n2017-01-03,1158.84,199.82,\n"
DATASET = Dataset(
    "daily/closes.csv", "closes", "MIT", sha256(CUT), "owner/name", COMMIT, tuple(RAW),
    fetch={path: sha256(content) for path, content in RAW.items()}, maker="closes",
)  # fmt: skip


@pytest.fixture
def host(tmp_path: Path) -> Iterator[str]:
    for path, content in RAW.items():
        file = tmp_path / "served/owner/name" / COMMIT / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(tmp_path / "served"))) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_published_files_are_cut_to_the_measured_one(host: str, tmp_path: Path) -> None:
    """Byte by byte; rows by time, columns by name, numbers with nine digits."""
    file = fetch.fetch(DATASET, tmp_path / "data", host)
    assert (file, file.read_bytes()) == (tmp_path / "data/daily/closes.csv", CUT)
    assert fetch.fetch(DATASET, tmp_path / "data", "http://127.0.0.1:9") == file  # nothing is asked for twice


def test_a_name_with_spaces_is_fetched(host: str, tmp_path: Path) -> None:
    """As the repository spells it, and as an address must."""
    file = tmp_path / "served/owner/name" / COMMIT / "raw/Funding History.csv"
    file.parent.mkdir(parents=True)
    file.write_bytes(b"a\n1\n")
    path, digest = "raw/Funding History.csv", sha256(b"a\n1\n")
    dataset = Dataset(
        "x.csv", "x", "MIT", digest, "owner/name", COMMIT, (path,), fetch={path: digest}, maker="as_published"
    )
    assert fetch.fetch(dataset, tmp_path / "data", host).read_bytes() == b"a\n1\n"
    assert dataset.link == f"https://github.com/owner/name/tree/{COMMIT}/raw"


def test_another_published_file_is_refused(host: str, tmp_path: Path) -> None:
    """Whatever stands at that address today: nothing reaches the folder."""
    served = tmp_path / "served/owner/name" / COMMIT / "data/spy.csv"
    served.write_bytes(RAW["data/spy.csv"].replace(b"199", b"299"))
    with pytest.raises(fetch.FetchError, match=r"spy\.csv"):
        fetch.fetch(DATASET, tmp_path / "data", host)
    assert not (tmp_path / "data/daily").exists()


def test_another_cut_is_refused(host: str, tmp_path: Path) -> None:
    """The files are the right ones and what is made of them is not what was measured."""
    with pytest.raises(fetch.FetchError, match="what was cut has the SHA-256"):
        fetch.fetch(replace(DATASET, sha256="0" * 64), tmp_path / "data", host)
    assert not (tmp_path / "data/daily").exists()


def test_the_command_names_what_it_can_fetch(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And asks for the folder."""
    monkeypatch.delenv("PERPNOTES_DATA", raising=False)
    assert cli.main(["fetch", "none.csv"]) == 1
    assert "cannot fetch none.csv; can fetch daily/truffle" in capsys.readouterr().err
    assert cli.main(["fetch"]) == 1
    assert "set PERPNOTES_DATA" in capsys.readouterr().err
