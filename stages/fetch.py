"""A source → the raw files of a dataset, `data/raw/DATASET/`: one or more files, byte for byte as they were published.

| file | holds |
|---|---|
| train.*, validation.*, test.* | that official part; the name up to its first dot counts |
| any other name | rows without an official part |

A package's member is named after its part, else as params.yaml names it, else as in the archive; a local file and a
URL's file keep their names.

What is downloaded stays in a cache folder that all projects share, named by its SHA-256: a wiped `data/raw` needs no
network. pip downloads packages, so its configuration holds; it checks the hash first, and of a source archive it then
runs the build script to learn the metadata, as it does for any source archive. A wheel runs nothing.
"""

import difflib
import hashlib
import posixpath
import re
import shutil
import socket
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from lzma import LZMAError
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple
from urllib.parse import unquote

import tenacity
from filelock import FileLock

from stages.console import Problem, nearest, progress, run
from stages.files import sha256, shared_cache, whole
from stages.params import load
from stages.schema import LocalPath, Member, Package, PackagesSource, Source, Url, Vectors

CHUNK = 1 << 20
ATTEMPTS = 3
EXTRAS = {"s3fs": "s3", "gcsfs": "gs", "adlfs": "abfs"}  # of pyproject.toml, by the package that opens the protocol
WAIT = tenacity.wait_exponential(multiplier=1, max=30)


class Unreachable(Problem):
    """The network's fault, not the parameters': worth another try."""


def fetch(dataset: str) -> None:
    """Fetch a dataset's raw files into data/raw/, and word vectors for it, if any, into data/vectors/."""
    source, key = load().dataset(dataset).source, f"datasets.{dataset}.source"
    raw, vectors = Path("data/raw", dataset), Path("data/vectors", dataset)
    with whole(raw) as unfinished:
        unfinished.mkdir()
        fetch_source(source, unfinished, key)
    with whole(vectors) as unfinished:
        unfinished.mkdir()
        if source.vectors is not None:
            fetch_source(source.vectors, unfinished, f"{key}.vectors")
    for file in [*sorted(raw.iterdir()), *sorted(vectors.iterdir())]:
        print(f"{file}  {file.stat().st_size:,} bytes  sha256 {sha256(file)[:12]}")


def fetch_source(source: Source | Vectors, folder: Path, key: str) -> None:
    """Write a source's files into an existing folder.

    Arguments:
        source: where the files come from.
        folder: where they go.
        key: the source's path in params.yaml, for messages.

    Raises:
        Problem: the source is missing, cannot be reached, or is not what its hash says.
    """
    match source:
        case Package():
            fetch_package(source, folder, key)
        case PackagesSource():
            for index, package in enumerate(source.packages):
                fetch_package(package, folder, f"{key}.packages.{index}")
        case LocalPath():
            copy_path(source, folder, key)
        case Url():
            fetch_url(source, folder, key)


# --- The shared cache ---


def cached(expected: str, name: str, key: str, download: Callable[[Path], str]) -> Path:
    """Return the cache's file with this SHA-256, downloaded first if it is not there or no longer intact.

    Arguments:
        expected: the SHA-256.
        name: what is downloaded, for messages.
        key: the hash's path in params.yaml, for messages.
        download: writes to the path it is given and returns the SHA-256 of what it wrote.
    """
    entry = _entry(expected)
    with FileLock(f"{entry}.lock"):
        if not entry.is_file() or sha256(entry) != expected:
            with whole(entry) as unfinished:
                _check(_retrying(download, unfinished), expected, name, key)
    return entry


def _entry(digest: str) -> Path:
    entry = shared_cache("downloads") / digest[:2] / digest
    entry.parent.mkdir(parents=True, exist_ok=True)
    return entry


def _check(found: str, expected: str, name: str, key: str) -> None:
    if found != expected:
        raise Problem(
            f"{name}: wrong content: expected sha256 {expected}, found {found}\n"
            f"if you trust the new content, set {key} to the hash found"
        )


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
    with ExitStack() as stack:
        unpacker = Unpacker(archive, source.package, source.unpack_limit, key, stack)
        for index, member in enumerate(source.files):
            target = _free(folder / saved_name(member), f"{key}.files.{index}")
            with target.open("wb") as file:
                sizes = unpacker.take_out(member.inside, member.path, file)
            _check(sha256(target), member.sha256, member.path, f"{key}.files.{index}.sha256")
            if not member.join:
                _take_apart(target, sizes, f"{key}.files.{index}")


def _take_apart(joined: Path, sizes: dict[str, int], key: str) -> None:
    """Write each of the files that were concatenated under its own name, in place of the whole."""
    content = joined.read_bytes()
    joined.unlink()
    start = 0
    for name, size in sizes.items():
        _free(joined.parent / PurePosixPath(name).name, key).write_bytes(content[start : start + size])
        start += size


def saved_name(member: Member) -> str:
    """Return the name a member is saved under: its part, its given or its own name, with the ending; no asterisks.

    Where nothing but asterisks makes up the name, the folder's name stands for it: pos/*.txt is saved as pos.txt.
    """
    path = PurePosixPath(member.path)
    ending = re.search(r"(\.[^.]*?(\.(gz|bz2|xz|zst|lz4))?)?$", path.name)[0]
    stem = path.name.removesuffix(ending).replace("*", "").strip(" ._-")
    stem = member.part or member.name or stem or path.parent.name.replace("*", "") or "rows"
    return stem + ending.replace("*", "").rstrip(".")


def _free(target: Path, key: str) -> Path:
    """Refuse a name already taken, also where only upper and lower case differ: some file systems hold them equal."""
    if any(other.name.casefold() == target.name.casefold() for other in target.parent.iterdir()):
        raise Problem(f"{key}: a second file would be saved as {target.name}; give each part one file, matched by *")
    return target


def pip_download(source: Package, key: str, target: Path) -> str:
    """Have pip download the one archive that has the hash; return the SHA-256 of what came."""
    with tempfile.TemporaryDirectory() as folder:
        requirements, log, files = (Path(folder) / name for name in ("requirements.txt", "log", "files"))
        requirements.write_text(f"{source.package} --hash=sha256:{source.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--retries", "0"]
        command += ["--disable-pip-version-check", "--log", log, "-r", requirements, "-d", files]
        quiet = None if sys.stdout.isatty() else subprocess.DEVNULL  # pip's progress bar goes to standard output
        done = subprocess.run(command, stdout=quiet, stderr=subprocess.PIPE, encoding="utf-8", errors="replace")
        if done.returncode:
            logged = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
            raise pip_problem(source.package, key, done.stderr, logged)
        (artefact,) = files.iterdir()
        shutil.move(artefact, target)
    return sha256(target)


# As pip logs it: a page of the index first, then the archive itself.
_TROUBLE = r"connection error: .*?(?= - skipping)|Caused by \w+\(.*\)|(?i:Read timed out|connection (broken|aborted)).*"


def pip_problem(package: str, key: str, errors: str, log: str) -> Problem:
    """Word pip's failure. Only its log tells an index that cannot be reached from one without the package."""
    if wrong := re.search(r"(?: from \S*/([^/\s#]+).*\n)?\s+Expected sha256 (\w+)\s+Got\s+(\w+)", errors):
        name, expected, found = wrong.groups()
        return Problem(
            f"{package}: wrong content: expected sha256 {expected}, found {found} ({name or 'its archive'})\n"
            f"set {key}.sha256 to the hash of one of this version's archives"
        )
    if trouble := re.search(_TROUBLE, log):
        return Unreachable(f"{package}: the package index cannot be reached; is this machine offline? ({trouble[0]})")
    if f"No matching distribution found for {package}" in errors:
        versions = re.search(r"\(from versions: (.*)\)", errors)
        known = versions[1].split(", ")[-5:] if versions and versions[1] != "none" else []
        hint = f"its latest versions: {', '.join(known)}" if known else "the index has none of that name"
        if refused := re.search(r"(?:401|403) Client Error: \w+", log):
            hint = refused[0]
        return Problem(f"no package {package} in the index for this Python ({hint}): check {key}.package")
    reasons = re.findall(r"ERROR: (.*)", errors) or errors.splitlines()[-1:]
    return Problem(f"{package}: pip cannot download it: {'; '.join(reasons[:2]) or 'no reason given'}")


class Entry(NamedTuple):
    """A file, link or device in an archive; folders are passed over."""

    name: str
    regular: bool
    open: Callable[[], BinaryIO]


class Unpacker:
    """Takes files out of an archive and of the archives within it, each of those unpacked once.

    Nothing is written under a name that an archive gives, and bytes are counted as they come: headers may lie.
    """

    def __init__(self, archive: Path, label: str, limit: int, key: str, stack: ExitStack):
        self.label, self.limit, self.key, self.stack = label, limit, key, stack
        self.left = limit
        self.opened: dict[tuple[str, ...], BinaryIO] = {(): stack.enter_context(archive.open("rb"))}

    def take_out(self, inside: tuple[str, ...], path: str, target: BinaryIO) -> dict[str, int]:
        """Write the files that match `path`, concatenated in sorted order; return the size of each by its name.

        Raises:
            Problem: none match, one that matches is dangerous, the limit is passed, or the archive is damaged.
        """
        archive, label = self._archive(inside), " → ".join([self.label, *inside])
        pattern = re.compile("/".join(re.escape(step).replace(r"\*", "[^/]*") for step in PurePosixPath(path).parts))
        names, pieces = [], {}
        with tempfile.TemporaryDirectory() as folder:
            with _damage_reported(label):
                for entry in _entries(archive, label):
                    if name := _matching(entry, pattern, label):
                        pieces[name] = Path(folder) / str(len(names))  # the last of that name counts, as in any tar
                        with entry.open() as source, pieces[name].open("wb") as piece:
                            self._copy(source, piece, f"{label}: {name}")
                    names.append(entry.name)
            if not pieces:
                near = difflib.get_close_matches(path, names, n=3, cutoff=0.4) or sorted(names)[:3]
                raise Problem(f"{label} holds no file {path}; nearest: {', '.join(near) or 'none, it is empty'}")
            for name in sorted(pieces):
                with pieces[name].open("rb") as piece:
                    shutil.copyfileobj(piece, target)
            return {name: pieces[name].stat().st_size for name in sorted(pieces)}

    def _archive(self, inside: tuple[str, ...]) -> BinaryIO:
        if inside not in self.opened:
            self.opened[inside] = inner = self.stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115
            self.take_out(inside[:-1], inside[-1], inner)
        self.opened[inside].seek(0)
        return self.opened[inside]

    def _copy(self, source: BinaryIO, target: BinaryIO, what: str) -> None:
        while chunk := source.read(CHUNK):
            self.left -= len(chunk)
            if self.left < 0:
                raise Problem(
                    f"{what}: the files taken out pass {self.limit:,} bytes; "
                    f"if that is right, raise {self.key}.unpack_limit"
                )
            target.write(chunk)


def _entries(archive: BinaryIO, label: str) -> Iterator[Entry]:
    """Yield what an archive holds, each to be read before the next: a tar is read as a stream, never back."""
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in progress(opened.infolist(), unit="file", desc=label):
                kind = stat.S_IFMT(info.external_attr >> 16)  # zero where the archive was not made on Unix
                if not info.is_dir():
                    yield Entry(info.filename, kind in (0, stat.S_IFREG), partial(opened.open, info))
    else:
        archive.seek(0)
        with tarfile.open(fileobj=archive, mode="r|*") as opened:
            for info in progress(opened, unit="file", desc=label):
                if not info.isdir():
                    yield Entry(info.name, info.isreg(), partial(opened.extractfile, info))


def _matching(entry: Entry, pattern: re.Pattern, label: str) -> str | None:
    """Return an entry's name if the pattern matches it; refuse one that would match if it were not dangerous."""
    name = entry.name.replace("\\", "/")
    steps = [step for step in name.split("/") if step not in ("", ".")]
    plain = "/".join(step for step in steps if step != "..")
    resolved = posixpath.normpath("/" + name).lstrip("/")
    if not (pattern.fullmatch(plain) or pattern.fullmatch(resolved)):
        return None
    if name.startswith("/") or ".." in steps:
        raise Problem(f"{label}: the entry {entry.name} leads out of the archive; it is not taken out")
    if not entry.regular:
        raise Problem(f"{label}: the entry {entry.name} is a link or a device, not a file; it is not taken out")
    return plain


@contextmanager
def _damage_reported(label: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        if error.errno:  # the disk's trouble; decompressors raise it without a number
            raise
        raise Problem(f"{label} is damaged ({error})") from None
    except tarfile.TarError as error:
        raise Problem(f"{label} is damaged, or neither a zip nor a tar archive ({error})") from None
    except (zipfile.BadZipFile, zlib.error, LZMAError, EOFError, RuntimeError, NotImplementedError) as error:
        raise Problem(f"{label} is damaged, encrypted or compressed in an unknown way ({error})") from None


# --- Files on this machine ---


def copy_path(source: LocalPath, folder: Path, key: str) -> None:
    """Copy a file, or a folder's files that are not hidden, under their own names; see `fetch_source`."""
    path = Path(source.path)
    if path.is_file():
        files = [path]
    elif path.is_dir():
        visible = sorted(file for file in path.iterdir() if not file.name.startswith("."))
        files = [file for file in visible if file.is_file()]
        if not files:
            raise Problem(f"the folder {path} ({key}.path) holds no files")
        if passed_over := [file.name for file in visible if file not in files]:
            print(f"{path}: subfolders are not read: {', '.join(passed_over)}", file=sys.stderr)
    else:
        raise Problem(f"{path} ({key}.path) does not exist; paths are relative to {Path.cwd()}")
    for file in progress(files, unit="file", desc=str(path)):
        shutil.copyfile(file, folder / file.name)


# --- URLs ---


def fetch_url(source: Url, folder: Path, key: str) -> None:
    """Download a URL's file under the last name in its path; see `fetch_source`."""
    shown = _shown(source.url)
    name = PurePosixPath(unquote(shown.partition("::")[0].rpartition("/")[2])).name
    if name in ("", ".."):
        raise Problem(f"{shown} ({key}.url) names no file: it must not end with a slash")
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
        raise Problem(f"{key}.url: unknown protocol '{protocol}'; {usual}, …") from None
    except ImportError as error:
        package = known_implementations[protocol]["class"].partition(".")[0]
        needed = f"{package}: `.venv/bin/uv pip install {package}`" if package != "fsspec" else f"a package: {error}"
        if package in EXTRAS:
            extra = EXTRAS[package]
            needed = f"the extra '{extra}': `.venv/bin/uv pip install --requirement pyproject.toml --extra {extra}`"
        raise Problem(f"{key}.url: the protocol '{protocol}' needs {needed}") from None


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
        raise _url_problem(url, key, error) from None
    return digest.hexdigest()


def _http_options() -> dict:
    """Wait for a silent server, not for a large file; go through the proxy that the environment names."""
    from aiohttp import ClientTimeout

    timeout = ClientTimeout(total=None, sock_connect=30, sock_read=60)
    return {"client_kwargs": {"timeout": timeout, "trust_env": True, "headers": {"Accept-Encoding": "identity"}}}


def _url_problem(url: str, key: str, error: Exception) -> Problem:
    """Word a failed download by the deepest cause: fsspec calls an unreachable server a missing file."""
    from aiohttp import ClientConnectionError, ClientPayloadError, ClientSSLError

    shown, causes = _shown(url), [error]
    while below := causes[-1].__cause__ or causes[-1].__context__:
        causes.append(below)
    status = next((cause.status for cause in causes if hasattr(cause, "status")), None)
    transient = (ClientConnectionError, ClientPayloadError, ConnectionError, TimeoutError, socket.gaierror)
    if status == 404 or (len(causes) == 1 and isinstance(error, FileNotFoundError)):
        return Problem(f"{shown}: no such file (404 or its like): check {key}.url")
    if status:
        kind = Unreachable if status >= 500 or status in (408, 429) else Problem
        return kind(f"{shown}: the server answers with status {status}: check {key}.url or try later")
    reason = " ".join(str(causes[-1]).split()) or type(causes[-1]).__name__
    if any(isinstance(cause, transient) and not isinstance(cause, ClientSSLError) for cause in causes):
        return Unreachable(f"{shown}: cannot be reached; is this machine offline? ({reason})")
    return Problem(f"{shown}: cannot be fetched ({type(causes[-1]).__name__}: {reason}): check {key}.url")


if __name__ == "__main__":
    run(fetch)
