"""What leaves the sandbox is plain files, and a run says what reviewers read first."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / ".github"))
import artifact  # noqa: E402
import previews  # noqa: E402
import touched  # noqa: E402

PAGES = ("index.html", "insights/stress/index.html", "assets/cards/a-1.png", "search/search_index.json", "feed.xml")


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for name in PAGES:
        file = tmp_path / "site" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x")
    return tmp_path / "site"


def test_a_site_may_leave(site: Path) -> None:
    assert list(artifact.faults(site)) == []


@pytest.mark.parametrize(
    "name",
    [".evil.html", "x.exe", "x", "a b.html", "x.html\n", "-x/../.y.html", "é.html", ".git/config.txt", "x.HTML.sh"],
)
def test_names_that_no_site_has_stay(name: str, site: Path) -> None:
    file = site / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("x")
    assert len(list(artifact.faults(site))) == 1


def test_what_is_no_plain_file_stays(site: Path) -> None:
    """Links to files and folders, pipes, second names, files that change who runs them."""
    (site / "secret.txt").symlink_to("/etc/passwd")
    (site / "outside").symlink_to("/etc")
    os.mkfifo(site / "pipe.html")
    os.link(site / "index.html", site / "second.html")
    (site / "feed.xml").chmod(0o4755)
    found = {fault.partition(":")[0].strip("'") for fault in artifact.faults(site)}
    assert found == {"secret.txt", "outside", "pipe.html", "index.html", "second.html", "feed.xml"}
    (site.parent / "link").symlink_to(site)
    assert list(artifact.faults(site.parent / "link"))
    assert list(artifact.faults(site.parent / "none"))


def test_more_than_a_site_stays(site: Path) -> None:
    with (site / "large.png").open("wb") as file:
        file.truncate(artifact.LIMIT + 1)
    assert "no site of ours has as much" in " ".join(artifact.faults(site))


def test_the_script_fails_with_the_names(site: Path) -> None:
    command = [sys.executable, str(ROOT / ".github/artifact.py"), str(site)]
    assert subprocess.run(command, check=False).returncode == 0
    (site / "x.sh").write_text("x")
    failed = subprocess.run(command, check=False, capture_output=True, text=True)
    assert failed.returncode == 1
    assert "'x.sh'" in failed.stderr


@pytest.mark.parametrize(
    ("name", "done"), [("a/index.html", True), ("../x.html", False), ("/x.html", False), ("x.sh", False)]
)
def test_a_preview_with_other_names_is_not_unpacked(name: str, done: bool, tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr(name, "x")
    assert previews.unpack(packed.getvalue(), tmp_path / "out") is done
    assert (tmp_path / "out").exists() is done


def test_what_decides_is_named_and_articles_are_not() -> None:
    text = touched.summary(
        [".github/sandbox", "Makefile", "perpnotes/stress.py", "perpnotes/publish/cli.py", "tests/ledger/stress.txt",
         "docs/insights/stress.md", "mkdocs.yml", "docs/`x`\n# y/conftest.py"]
    )  # fmt: skip
    for name in (".github/sandbox", "Makefile", "perpnotes/stress.py", "perpnotes/publish/cli.py", "mkdocs.yml"):
        assert f"- `{name}`" in text
    assert "insights" not in text
    assert "\n# y" not in text
    assert "8 files changed" in text
    assert "Nothing that decides" in touched.summary(["docs/insights/stress.md"])


def test_what_is_uploaded_was_made_in_the_sandbox_and_looked_at() -> None:
    """In every job that runs a pull request's code and uploads something."""
    for file in (ROOT / ".github/workflows").glob("*.yml"):
        workflow = yaml.safe_load(file.read_text(encoding="utf-8"))
        for job in workflow["jobs"].values():
            steps = job.get("steps", [])
            uploads = [i for i, step in enumerate(steps) if "actions/upload-artifact@" in step.get("uses", "")]
            if any(".github/sandbox" in step.get("run", "") for step in steps):
                for upload in uploads:
                    looked = f"python .github/artifact.py {steps[upload]['with']['path']}"
                    assert steps[upload - 1].get("run") == looked, file.name
