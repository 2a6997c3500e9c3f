"""Programs that some tests and the audit need and pip does not bring, each with one line that brings it."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """What it is called, the commands that start it, and how to install it."""

    name: str
    commands: tuple[str, ...]
    debian: str
    macos: str

    def path(self) -> str | None:
        """The first of its commands that starts; macOS has a `java` that only says that there is none."""
        for command in self.commands:
            found = shutil.which(command)
            if found and subprocess.run([found, "--version"], capture_output=True, check=False).returncode == 0:
                return found
        return None

    @property
    def missing(self) -> str:
        """What to say where it is not there, in one line."""
        return f"no {self.name} on the path: `{self.debian}` (Debian, Ubuntu) or `{self.macos}` (macOS) brings it"


CHROMIUM = Program(
    "Chromium",
    ("chromium", "chromium-browser", "google-chrome"),
    "apt-get install chromium",
    "brew install --cask chromium",
)
# Chromium without what draws its windows: pages that are only tested take less than half of the processor time.
HEADLESS = Program(
    "Chromium",
    ("chromium-headless-shell", *CHROMIUM.commands),
    "apt-get install chromium-headless-shell || apt-get install chromium",
    "brew install --cask chromium",
)
JAVA = Program("Java", ("java",), "apt-get install default-jre-headless", "brew install --cask temurin")
NPM = Program("npm", ("npm",), "apt-get install npm", "brew install node")
