"""Small archives, packages and their sources, made in memory."""

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stages.config.sources import Member, PackageSource
from stages.runtime.files import sha256

KEY = "classification.datasets.tiny.source"
WRONG = "0" * 64


def digest(content: bytes) -> str:
    """Return the SHA-256 of some bytes."""
    return hashlib.sha256(content).hexdigest()


def make_tar(entries: Mapping[str, bytes | tarfile.TarInfo], mode: Any = "w:gz") -> bytes:
    """Return a tar's bytes; an entry's content is bytes, or a TarInfo that stands as it is."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in entries.items():
            if isinstance(content, tarfile.TarInfo):
                archive.addfile(content)
            else:
                info = tarfile.TarInfo(name)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


def make_zip(entries: Mapping[str, bytes]) -> bytes:
    """Return a zip's bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_wheel(folder: Path, entries: Mapping[str, bytes]) -> Path:
    """Write a wheel of tinydata 1.0."""
    about = "tinydata-1.0.dist-info"
    entries = dict(entries) | {
        f"{about}/METADATA": b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n",
        f"{about}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/RECORD": b"",
    }
    path = folder / "tinydata-1.0-py3-none-any.whl"
    path.write_bytes(make_zip(entries))
    return path


BACKEND = b"""
from pathlib import Path

def prepare_metadata_for_build_wheel(folder, settings=None):
    about = Path(folder, "tinydata-1.0.dist-info")
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\\nName: tinydata\\nVersion: 1.0\\n")
    return about.name
"""


def make_sdist(folder: Path, entries: Mapping[str, bytes]) -> Path:
    """Write a source archive that brings its own build backend, so that pip needs nothing from elsewhere."""
    project = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    metadata = b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n"
    generated = {"pyproject.toml": project, "backend.py": BACKEND, "PKG-INFO": metadata}
    path = folder / "tinydata-1.0.tar.gz"
    path.write_bytes(
        make_tar({f"tinydata-1.0/{name}": content for name, content in (generated | dict(entries)).items()})
    )
    return path


def package(archive: Path, *members: Member, **options: Any) -> PackageSource:
    """Return a source that takes some members out of an archive of tinydata 1.0."""
    return PackageSource(package="tinydata==1.0", sha256=sha256(archive), files=members, **options)


def member(path: str, content: bytes, **options: Any) -> Member:
    """Return a member with the hash of its content."""
    return Member(path=path, sha256=digest(content), **options)
