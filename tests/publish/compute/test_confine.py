"""Article code is kept in by the system, whatever it does: each attack here runs, and reaches nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from perpnotes.publish.articles import parse
from perpnotes.publish.compute import confine, worker

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux can confine a process that we know of")

REACHING = {
    "a file outside the repository": "open('/etc/passwd').read()",
    "the home folder": "import os\nos.listdir(os.path.expanduser('~'))",
    "the environment of the builder": "import os\nopen(f'/proc/{os.getppid()}/environ').read()",
    "writing beside the article": "open('x', 'w')",
    "writing a temporary file": "import tempfile\ntempfile.TemporaryFile()",
    "removing": "import os\nos.unlink(HERE)",
    "emptying": "import os\nos.truncate(HERE, 0)",
    "changing rights": "import os\nos.chmod(HERE, 0)",
    "a link": "import os\nos.symlink(HERE, 'link')",
    "the network": "import socket\nsocket.create_connection(('127.0.0.1', 9))",
    "a name": "import socket\nsocket.gethostbyname('localhost') and 1/0",
    "a process": "import os\nos.fork()",
    "a program": "import subprocess\nsubprocess.run(['true'])",
    "a shell": "import os\nassert os.system('true') == 0, 'no shell'",
    "a fork bomb": "import os\nwhile True: os.fork()",
    "a signal to the builder": "import os\nos.kill(os.getppid(), 9)",
    "another process's memory": "import ctypes\nassert ctypes.CDLL(None).ptrace(16, 1, 0, 0) == 0, 'no ptrace'",
    "a namespace": "import ctypes\nassert ctypes.CDLL(None).unshare(0x10000000) == 0, 'no namespace'",
    "all memory": "x = bytearray(64 << 30)",
    "a flood of text": "while True: print('x' * 1000)",
    "a flood of outputs": "from perpnotes.publish import answer\nfor _ in range(201): answer('Why?', 'So.')",
    "a terminal": "print('\\x1b[2J')",
    "a terminal, by an error": "raise ValueError('\\x1b[2J')",
}


@pytest.mark.parametrize("attack", REACHING)
def test_what_reaches_out_of_the_process_is_a_fault_of_the_page(attack: str, tmp_path: Path) -> None:
    """At its line, and with nothing done: what it was aimed at is as it was."""
    target = tmp_path / "target"
    target.write_text("kept")
    code = f"HERE = {str(target)!r}\n{REACHING[attack]}"
    with pytest.raises(worker.RunError) as caught:
        worker.run(parse(f'```python exec="on" seconds="5"\n{code}\n```\n', "docs/x.md"))
    assert caught.value.line in (2, 3, 4)
    assert any(word in str(caught.value) for word in ("Error", "no ", "at most"))
    assert "\x1b" not in str(caught.value)
    assert target.read_text() == "kept"
    assert target.stat().st_mode & 0o777
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


FORGING = {
    "no message": "pipe.send_bytes(b'what')",
    "a pickle": "import os\nclass A:\n    def __reduce__(self):\n        return os.mkdir, (HERE,)\npipe.send(A())",
    "another kind": "pipe.send_bytes(b'[\"outputs\", 7]')",
    "an output that is none": 'pipe.send_bytes(b\'["outputs", [{"kind": "script"}]]\')',
    "too much": "pipe.send_bytes(b'x' * (9 << 20))",
    "too deep": "pipe.send_bytes(b'[' * 100_000)",
    "a chart that is none": "pipe.send_bytes(b'[\"chart\", 7]')",
    "an error that is none": "pipe.send_bytes(b'[\"error\", 7]')",
}


@pytest.mark.parametrize("forged", FORGING)
def test_what_a_process_sends_is_data_and_checked(forged: str, tmp_path: Path) -> None:
    """A page that has found its way to the pipe can still only say what is no result; nothing of it is executed."""
    find = (
        "import gc\nfrom multiprocessing.connection import Connection\n"
        "pipe = [x for x in gc.get_objects() if isinstance(x, Connection)][0]\n"
    )
    made = tmp_path / "made"
    with pytest.raises(worker.RunError):
        worker.run(parse(f'```python exec="on"\nHERE = {str(made)!r}\n{find}{FORGING[forged]}\n```\n', "docs/x.md"))
    assert not made.exists()


def test_what_handles_every_error_ends_all_the_same() -> None:
    """A block that does not let itself be interrupted is ended with its process."""
    code = "while True:\n    try:\n        while True: pass\n    except BaseException: pass"
    with pytest.raises(worker.RunError, match=r"still running after 0.2 seconds of processor time"):
        worker.run(parse(f'```python exec="on" seconds="0.2"\n{code}\n```\n', "docs/x.md"))


def test_waiting_costs_no_processor_time() -> None:
    """So another article's work on a busy machine fails nobody's page."""
    code = "import time\ntime.sleep(0.6)\nprint('done')"
    page = parse(f'```python exec="on" seconds="0.3"\n{code}\n```\n', "docs/x.md")
    assert worker.run(page).outputs[0][0].text == "done\n"


def test_without_confinement_a_build_in_ci_stops_and_another_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """In one line, once."""
    page = parse("`#!calc 1`\n", "docs/x.md")
    monkeypatch.setattr(worker, "_said", set())
    monkeypatch.delenv("CI", raising=False)
    for _ in range(2):
        worker._heed("no Landlock", page, 1)
    assert capsys.readouterr().err == "article code is not confined here: no Landlock\n"
    monkeypatch.setenv("CI", "true")
    with pytest.raises(worker.RunError, match="not confined here: no Landlock"):
        worker._heed("no Landlock", page, 1)
    worker._heed("", page, 1)


def test_another_system_cannot_confine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(confine.CannotConfineError, match=r"darwin on .* has no Landlock"):
        confine.confine([])
