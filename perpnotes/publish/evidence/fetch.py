"""Fetches the data sets that are public files, by commit and SHA-256, and cuts them as they were cut.

The only part of the project that uses a network, and only when somebody asks for it. `pooch` downloads and compares the
hash of each published file; the hash of what is cut from them must be the one of the data set.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

from perpnotes.publish.compute.records import Dataset
from perpnotes.publish.evidence import datasets
from perpnotes.publish.evidence.measure import sha256

HOST = "https://raw.githubusercontent.com"
"""Where files of a public repository are, below it as owner/name/commit/path."""


class FetchError(OSError):
    """What was fetched is not what was measured."""


def fetch(dataset: Dataset, data: Path, host: str = HOST) -> Path:
    """Put a data set where records are measured from.

    Parameters:
        dataset: one that names its published files.
        data: the folder with the data sets; made if there is none.
        host: address that the path of a file is appended to.

    Returns:
        Its file, which is left alone if it is already the right one.

    Raises:
        FetchError: a published file, or what was cut from them, has another hash.
    """
    target = data / dataset.file
    if target.is_file() and sha256(target.read_bytes()) == dataset.sha256:
        return target
    import pooch

    raw = data / ".raw" / dataset.repository.replace("/", "+") / dataset.commit
    published: dict[str, Path] = {}
    for path, digest in dataset.fetch.items():
        address = f"{host}/{dataset.repository}/{dataset.commit}/{quote(path)}"
        try:
            found = pooch.retrieve(address, f"sha256:{digest}", path.replace("/", "+"), raw)
        except ValueError as error:  # another hash
            raise FetchError(f"{address}: {error}") from None
        published[path] = Path(found)
    content: bytes = getattr(datasets, dataset.maker)(published).encode()
    if (digest := sha256(content)) != dataset.sha256:
        raise FetchError(f"{dataset.file}: what was cut has the SHA-256 {digest} instead of {dataset.sha256}")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return target
