"""Packages, URLs, local files and the shared cache: what is downloaded, kept, tried again and refused."""

import http.server
import os
import re
import socket
import sys
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
import tenacity

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.config.sources import LocalPath, Member, PackageSource, PackagesSource, PathSource, Place, UrlSource
from stages.data import downloads
from stages.data.downloads import copy_path, fetch_package, fetch_source, fetch_url
from stages.fetch import fetch
from stages.runtime.errors import UserError
from stages.runtime.files import sha256, shared_cache, write_json
from tests.data.small_archives import KEY, WRONG, digest, make_sdist, make_wheel, make_zip, member, package


@pytest.fixture(autouse=True)
def environment(tmp_path, monkeypatch):
    """An empty cache, and a pip that knows one folder of archives and no index."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for folder in ("links", "raw"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("RECUR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.setattr(downloads, "WAIT", tenacity.wait_none())


@pytest.fixture
def raw(tmp_path):
    return tmp_path / "raw"


def put_in_cache(content):
    """Place an archive where a former fetch would have left it, so that no pip is needed."""
    entry = shared_cache("downloads") / digest(content)[:2] / digest(content)
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_bytes(content)
    return entry


def refuse_pip(*_):
    raise AssertionError("pip was called")


class TestPipDownload:
    def test_wheel_then_cache(self, tmp_path, raw, monkeypatch):
        wheel = make_wheel(tmp_path / "links", {"data/a-train.tab": b"one", "data/notes.txt": b"two"})
        source = package(wheel, member("data/a-train.tab", b"one", part="train"), member("data/notes.txt", b"two"))
        fetch_package(source, raw, KEY)
        assert {file.name: file.read_bytes() for file in raw.iterdir()} == {"train.tab": b"one", "notes.txt": b"two"}

        monkeypatch.setattr(downloads, "pip_download", refuse_pip)
        second = tmp_path / "second"
        second.mkdir()
        fetch_package(source, second, KEY)
        assert (second / "train.tab").read_bytes() == b"one"

    def test_several_packages_with_names_of_their_own(self, raw):
        archives = [put_in_cache(make_zip({"text.py": content})) for content in (b"one", b"two")]
        members = [member("text.py", content, name=name) for content, name in ((b"one", "source"), (b"two", "target"))]
        packages = [
            {"package": "tinydata==1.0", "sha256": sha256(archive), "files": [own]}
            for archive, own in zip(archives, members, strict=True)
        ]
        fetch_source(PackagesSource(packages=packages), raw, KEY)
        assert {file.name: file.read_bytes() for file in raw.iterdir()} == {"source.py": b"one", "target.py": b"two"}
        for again in raw.iterdir():
            again.unlink()
        wrong = packages[1] | {"files": [Member(path="text.py", sha256=WRONG, name="target")]}
        with pytest.raises(UserError, match=rf"set {KEY}.packages.1.files.0.sha256 to the hash found"):
            fetch_source(PackagesSource(packages=[packages[0], wrong]), raw, KEY)

    def test_source_archive_chosen_by_its_hash(self, tmp_path, raw, monkeypatch):
        page = tmp_path / "index" / "tinydata" / "index.html"
        page.parent.mkdir(parents=True)
        wheel = make_wheel(page.parent, {"a.txt": b"wheel"})
        sdist = make_sdist(page.parent, {"a.txt": b"sdist"})
        page.write_text(
            "".join(f'<a href="{file.name}#sha256={sha256(file)}">{file.name}</a>' for file in (wheel, sdist))
        )
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"file://{tmp_path}/index")
        fetch_package(package(sdist, member("tinydata-1.0/a.txt", b"sdist")), raw, KEY)
        assert (raw / "a.txt").read_bytes() == b"sdist"

    def test_corrupted_cache_entry_is_fetched_again(self, tmp_path, raw):
        wheel = make_wheel(tmp_path / "links", {"a.txt": b"one"})
        entry = put_in_cache(wheel.read_bytes())
        entry.write_bytes(b"rotten")
        fetch_package(package(wheel, member("a.txt", b"one")), raw, KEY)
        assert sha256(entry) == sha256(wheel)

    def test_wrong_hash(self, tmp_path, raw):
        wheel = make_wheel(tmp_path / "links", {"a.txt": b"one"})
        source = PackageSource(package="tinydata==1.0", sha256=WRONG, files=[member("a.txt", b"one")])
        with pytest.raises(UserError) as error:
            fetch_package(source, raw, KEY)
        message = str(error.value)
        assert f"expected sha256 {WRONG}, found {sha256(wheel)} ({wheel.name})" in message
        assert f"{KEY}.sha256" in message
        assert not [file for file in shared_cache("downloads").rglob("*") if file.is_file() and file.suffix != ".lock"]

    @pytest.mark.parametrize(
        ("wanted", "hint"),
        [("tinydata==9.9", "its latest versions: 1.0"), ("nothinglikeit==1.0", "the index has none of that name")],
    )
    def test_unknown_package_or_version(self, tmp_path, raw, wanted, hint):
        make_wheel(tmp_path / "links", {})
        source = PackageSource(package=wanted, sha256=WRONG, files=[member("a.txt", b"")])
        with pytest.raises(UserError, match=re.escape(f"no package {wanted} in the index for this Python ({hint})")):
            fetch_package(source, raw, KEY)

    def test_offline_is_tried_three_times(self, raw, monkeypatch):
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port()}/simple")
        calls = []
        download = downloads.pip_download
        monkeypatch.setattr(downloads, "pip_download", lambda *words: calls.append(words) or download(*words))
        source = PackageSource(package="tinydata==1.0", sha256=WRONG, files=[member("a.txt", b"")])
        with pytest.raises(UserError) as error:
            fetch_package(source, raw, KEY)
        assert "index cannot be reached; is this machine offline? (connection error: " in str(error.value)
        assert "\n" not in str(error.value)
        assert len(calls) == 3

    @pytest.mark.parametrize(
        ("log", "kind", "words"),
        [
            (
                "Could not fetch URL u: connection error: Name not known - skipping",
                downloads.Unreachable,
                "Name not known)",
            ),
            ("(Caused by ResponseError('too many 503 error responses')) - skipping", downloads.Unreachable, "503"),
            (
                "pip._vendor.urllib3.exceptions.ReadTimeoutError: pool: Read timed out.",
                downloads.Unreachable,
                "timed out",
            ),
            ("Could not fetch URL u: 404 Client Error: Not Found - skipping", UserError, "none of that name"),
            (
                "Could not fetch URL u: 403 Client Error: Forbidden - skipping",
                UserError,
                "(403 Client Error: Forbidden)",
            ),
        ],
    )
    def test_log_tells_the_network_from_the_package(self, log, kind, words):
        errors = "ERROR: (from versions: none)\nERROR: No matching distribution found for tinydata==1.0"
        error = downloads.pip_error("tinydata==1.0", KEY, errors, log)
        assert type(error) is kind
        assert words in str(error)

    def test_other_failure_shows_pips_reason(self):
        error = downloads.pip_error("tinydata==1.0", KEY, "ERROR: no space\n", "")
        assert str(error) == "tinydata==1.0: pip cannot download it: no space"


class TestPaths:
    def test_file_keeps_its_name(self, tmp_path, raw):
        (tmp_path / "own.csv.gz").write_bytes(b"bytes")
        fetch_source(PathSource(path="own.csv.gz"), raw, KEY, tmp_path)
        assert (raw / "own.csv.gz").read_bytes() == b"bytes"

    def test_an_absolute_path(self, tmp_path, raw):
        (tmp_path / "a.csv").write_bytes(b"bytes")
        fetch_source(PathSource(path=str(tmp_path / "a.csv")), raw, KEY, Path("elsewhere"))
        assert (raw / "a.csv").read_bytes() == b"bytes"

    def test_folder(self, tmp_path, raw, capsys):
        for name in ("own/train.csv", "own/test.csv", "own/.hidden", "own/below/more.csv"):
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(name)
        fetch_source(PathSource(path="own"), raw, KEY, tmp_path)
        assert {file.name: file.read_text() for file in raw.iterdir()} == {
            "train.csv": "own/train.csv",
            "test.csv": "own/test.csv",
        }
        assert "subfolders are not read: below" in capsys.readouterr().err

    def test_folder_without_files(self, tmp_path, raw):
        (tmp_path / "own/below").mkdir(parents=True)
        with pytest.raises(UserError, match=re.escape(f"own ({KEY}.path) holds no files")):
            copy_path(PathSource(path="own"), raw, KEY, tmp_path)

    def test_what_is_no_file_is_refused(self, tmp_path, raw):
        (tmp_path / "own/below").mkdir(parents=True)
        with pytest.raises(UserError, match=r"holds no files, but subfolders \(below\), which are not read"):
            copy_path(PathSource(path="own"), raw, KEY, tmp_path)
        (tmp_path / "own/a.txt").symlink_to("gone.txt")
        with pytest.raises(UserError, match=r"no files are 'a\.txt': broken links\?"):
            copy_path(PathSource(path="own"), raw, KEY, tmp_path)

    def test_a_name_that_is_not_utf_8_is_refused(self, tmp_path, raw):
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / os.fsdecode(b"\xff.txt")).write_text("x")
        with pytest.raises(UserError, match=r"are not in UTF-8: '\\udcff\.txt'; rename them"):
            copy_path(PathSource(path="own"), raw, KEY, tmp_path)
        assert not list(raw.iterdir())

    def test_missing(self, tmp_path, raw):
        with pytest.raises(UserError) as error:
            copy_path(PathSource(path="own.csv"), raw, KEY, tmp_path)
        assert f"own.csv ({KEY}.path) does not exist; paths are relative to {tmp_path}" in str(error.value)


def closed_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@pytest.fixture
def site():
    """A server on this machine: `pages` maps a path to a list of answers, the last of which stays."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self):
            self.answer(self.pages.get(self.path.partition("?")[0], [404])[0])

        def do_GET(self):
            self.asked.append(self.path)
            answers = self.pages.get(self.path.partition("?")[0], [404])
            self.answer(answers.pop(0) if len(answers) > 1 else answers[0])

        def answer(self, answer):
            content = answer if isinstance(answer, bytes) else b""
            self.send_response(200 if isinstance(answer, bytes) else answer)
            self.send_header("Content-Length", str(len(content) + self.missing))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, *_):
            pass

    Handler.pages, Handler.asked, Handler.missing = {}, [], 0
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield SimpleNamespace(url=f"http://127.0.0.1:{server.server_port}", handler=Handler, **vars(Handler))
        server.shutdown()


class TestUrls:
    CONTENT = b"text,label\n" * 300_000  # more than one chunk

    def test_pinned_is_downloaded_once(self, site, raw):
        site.pages["/d/my data.csv"] = site.pages["/d/my%20data.csv"] = [self.CONTENT]
        source = UrlSource(url=f"{site.url}/d/my%20data.csv?token=secret#x", sha256=digest(self.CONTENT))
        fetch_source(source, raw, KEY)
        assert (raw / "my data.csv").read_bytes() == self.CONTENT
        site.pages.clear()
        fetch_source(source, raw, KEY)
        assert len(site.asked) == 1

    def test_unpinned_is_downloaded_anew_and_says_its_hash(self, site, raw, capsys):
        for content in (b"old", b"new"):
            site.pages["/a.csv"] = [content]
            fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
            assert (raw / "a.csv").read_bytes() == content
            assert f"set {KEY}.sha256: {digest(content)}" in capsys.readouterr().out
        site.pages.clear()
        fetch_url(UrlSource(url=f"{site.url}/a.csv", sha256=digest(b"new")), raw, KEY)

    def test_wrong_hash(self, site, raw):
        site.pages["/a.csv"] = [b"one"]
        with pytest.raises(UserError) as error:
            fetch_url(UrlSource(url=f"{site.url}/a.csv", sha256=WRONG), raw, KEY)
        assert f"{site.url}/a.csv: wrong content: expected sha256 {WRONG}, found {digest(b'one')}" in str(error.value)
        assert not list(raw.iterdir())

    def test_not_found_is_not_tried_again(self, site, raw):
        with pytest.raises(UserError) as error:
            fetch_url(UrlSource(url=f"{site.url}/a.csv?token=secret"), raw, KEY)
        assert str(error.value) == f"{site.url}/a.csv: no such file (404 or its like): check {KEY}.url"
        assert len(site.asked) == 1

    def test_forbidden_is_not_tried_again(self, site, raw):
        site.pages["/a.csv"] = [403]
        with pytest.raises(UserError, match="the server answers with status 403"):
            fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert len(site.asked) == 1

    def test_failing_server_is_tried_again(self, site, raw):
        site.pages["/a.csv"] = [503, 503, b"one"]
        fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert (raw / "a.csv").read_bytes() == b"one"

    def test_server_that_stays_down(self, site, raw):
        site.pages["/a.csv"] = [503]
        with pytest.raises(UserError, match="the server answers with status 503"):
            fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert len(site.asked) == 3

    def test_broken_off_download_is_no_download(self, site, raw):
        site.pages["/a.csv"] = [b"half"]
        site.handler.missing = 4
        with pytest.raises(downloads.Unreachable, match=r"a\.csv: cannot be reached"):
            fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert not list(raw.iterdir())

    def test_unreachable(self, raw):
        url = f"http://127.0.0.1:{closed_port()}/a.csv"
        with pytest.raises(downloads.Unreachable) as error:
            fetch_url(UrlSource(url=url), raw, KEY)
        assert str(error.value).startswith(f"{url}: cannot be reached; is this machine offline? (")
        assert "\n" not in str(error.value)

    def test_local_file_url(self, tmp_path, raw):
        (tmp_path / "a.csv").write_bytes(b"one")
        fetch_url(UrlSource(url=f"file://{tmp_path}/a.csv"), raw, KEY)
        assert (raw / "a.csv").read_bytes() == b"one"
        with pytest.raises(UserError, match=r"b\.csv: no such file"):
            fetch_url(UrlSource(url=f"file://{tmp_path}/b.csv"), raw, KEY)
        with pytest.raises(UserError, match=rf"{tmp_path}: cannot be fetched \(IsADirectoryError"):
            fetch_url(UrlSource(url=f"file://{tmp_path}"), raw, KEY)

    def test_missing_package_of_a_protocol(self, raw, monkeypatch):
        monkeypatch.setitem(sys.modules, "s3fs", None)
        with pytest.raises(UserError) as error:
            fetch_url(UrlSource(url="s3://bucket/a.csv"), raw, KEY)
        assert str(error.value) == (
            f"{KEY}.url: the protocol 's3' needs the extra 's3': "
            "`.venv/bin/uv pip install --requirement pyproject.toml --extra s3`"
        )

    def test_unknown_protocol(self, raw):
        with pytest.raises(UserError, match=r"unknown protocol 'htps'; did you mean 'https'\? valid: abfs, file, ftp"):
            fetch_url(UrlSource(url="htps://host/a.csv"), raw, KEY)

    @pytest.mark.parametrize("url", ["https://host/", "https://host/folder/?file=a.csv", "https://host/%2E%2E"])
    def test_url_without_a_file_name(self, raw, url):
        with pytest.raises(UserError, match=re.escape(f"({KEY}.url) names no file")):
            fetch_url(UrlSource(url=url), raw, KEY)

    def test_user_and_query_are_not_shown(self):
        assert downloads._shown("https://me:secret@host/a.csv?token=secret") == "https://host/a.csv"


class TestStage:
    @pytest.fixture
    def dataset(self, tmp_path):
        return Dataset(Paths(tmp_path / "project"), "classification", "tiny")

    def use(self, dataset, source):
        """Write a source as `check` does."""
        path = dataset.paths.dataset_params(dataset.task, dataset.name) / "source.json"
        write_json(path, source.model_dump(mode="json"), digits=None)

    def test_prints_a_line_for_each_file(self, dataset, capsys):
        dataset.paths.root.mkdir()
        (dataset.paths.root / "own.csv").write_bytes(b"x" * 1234)
        (dataset.paths.root / "vectors.txt").write_bytes(b"a 1\n")
        self.use(dataset, PathSource(path="own.csv", vectors=LocalPath(path="vectors.txt")))
        fetch(dataset)
        assert capsys.readouterr().out.splitlines() == [
            f"{dataset.raw}/own.csv  1,234 bytes  sha256 {digest(b'x' * 1234)[:12]}",
            f"{dataset.vectors}/vectors.txt  4 bytes  sha256 {digest(b'a 1' + bytes([10]))[:12]}",
        ]

    def test_former_files_go_with_a_new_fetch_and_stay_with_a_failed_one(self, dataset):
        former = dataset.raw / "former.csv"
        former.parent.mkdir(parents=True)
        former.write_text("former")
        archive = put_in_cache(make_zip({"a.txt": b"one"}))
        good, wrong = member("a.txt", b"one"), Member(path="a.txt", sha256=WRONG, part="train")
        self.use(dataset, package(archive, good, wrong))
        with pytest.raises(
            UserError, match=r"set classification\.datasets\.tiny\.source\.files\.1\.sha256 to the hash"
        ):
            fetch(dataset)
        assert list(dataset.raw.parent.rglob("*")) == [dataset.raw, former]

        self.use(dataset, package(archive, good))
        fetch(dataset)
        assert [path.name for path in dataset.raw.iterdir()] == ["a.txt"]
        assert list(dataset.raw.parent.iterdir()) == [dataset.raw]

    @pytest.mark.parametrize(
        "source",
        [
            UrlSource(url="https://host/a.csv"),
            PackagesSource(packages=[{"package": "a==1", "sha256": WRONG, "files": [{"path": "a", "sha256": WRONG}]}]),
        ],
    )
    def test_a_source_is_read_as_it_was_written(self, dataset, source, monkeypatch):
        sources: list[Place] = []
        monkeypatch.setattr("stages.fetch.fetch_source", lambda read, *_: sources.append(read))
        self.use(dataset, source)
        fetch(dataset)
        assert sources == [source]

    def test_without_resolved_parameters(self, dataset):
        with pytest.raises(UserError, match=r"source\.json is missing: run `python -m stages\.check`"):
            fetch(dataset)
        path = dataset.paths.dataset_params(dataset.task, dataset.name) / "source.json"
        write_json(path, {"path": "a", "url": "b"})
        with pytest.raises(UserError, match=r"source\.json is damaged"):
            fetch(dataset)


def test_cache_lies_in_the_users_cache_folder(monkeypatch):
    monkeypatch.delenv("RECUR_CACHE")
    assert shared_cache("downloads").parts[-2:] == ("recur", "downloads")
