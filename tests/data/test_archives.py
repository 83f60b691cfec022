"""Files taken out of archives: what matches, what is dangerous, and how much may come out."""

import gzip
import io
import stat
import tarfile
import zipfile

import pytest

from stages.config.sources import Member
from stages.data.archives import extract_members, saved_name
from stages.runtime.errors import UserError
from tests.data.small_archives import KEY, WRONG, digest, make_tar, make_zip, member, package


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def take_out(raw, content, *members, **options):
    archive = raw.parent / "archive"
    archive.write_bytes(content)
    extract_members(archive, package(archive, *members, **options), raw, KEY)
    return {file.name: file.read_bytes() for file in raw.iterdir()}


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_archive_within_archives(raw, mode):
    inner = make_tar({"./texts/a.txt": b"deep"}, mode)
    middle = make_zip({"inner.tar": inner})
    outer = make_tar({"pkg/middle.zip": middle})
    files = take_out(raw, outer, member("texts/a.txt", b"deep", inside=["pkg/middle.zip", "inner.tar"]))
    assert files == {"a.txt": b"deep"}


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_matches_are_concatenated_in_sorted_order(raw, make):
    entries = {"x/b_gut.txt": b"2\n", "x/a_gut.txt": b"1\n", "x/y/c_gut.txt": b"no", "x/a_bad.txt": b"no"}
    assert take_out(raw, make(entries), member("x/*_gut.txt", b"1\n2\n")) == {"gut.txt": b"1\n2\n"}


def test_only_the_asterisk_is_special(raw):
    entries = {"x/[a]?.txt": b"this", "x/ab.txt": b"not"}
    assert take_out(raw, make_zip(entries), member("x/[a]?.txt", b"this")) == {"[a]?.txt": b"this"}


def test_last_of_a_name_counts(raw):
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as opened:
        for content in (b"old", b"new"):
            info = tarfile.TarInfo("a.txt")
            info.size = len(content)
            opened.addfile(info, io.BytesIO(content))
    assert take_out(raw, archive.getvalue(), member("a.txt", b"new")) == {"a.txt": b"new"}


def test_wrong_member_hash(raw):
    wrong = Member(path="x/a.txt", sha256=WRONG)
    with pytest.raises(UserError) as error:
        take_out(raw, make_zip({"x/a.txt": b"one"}), wrong)
    assert f"x/a.txt: wrong content: expected sha256 {WRONG}, found {digest(b'one')}" in str(error.value)
    assert f"{KEY}.files.0.sha256" in str(error.value)


def test_no_such_member(raw):
    with pytest.raises(UserError) as error:
        take_out(raw, make_zip({"x/reviews.txt": b"", "z": b""}), member("x/review.txt", b""))
    assert str(error.value) == "tinydata==1.0 holds no file x/review.txt; nearest: x/reviews.txt"


def test_no_such_inner_archive(raw):
    with pytest.raises(UserError, match=r"tinydata==1\.0 holds no file b\.zip; nearest: a\.zip"):
        take_out(raw, make_zip({"a.zip": b""}), member("x", b"", inside=["b.zip"]))


@pytest.mark.parametrize("name", ["../a.txt", "/a.txt", "x/../a.txt", "x/../../a.txt", "..\\a.txt"])
@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_way_out_is_refused(raw, make, name):
    with pytest.raises(UserError) as error:
        take_out(raw, make({name: b"evil"}), member("a.txt", b"evil"))
    assert str(error.value).startswith(f"tinydata==1.0: the entry {name} leads out of the archive")


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_are_refused(raw, kind):
    info = tarfile.TarInfo("x/a.txt")
    info.type, info.linkname = kind, "/etc/passwd"
    with pytest.raises(UserError, match=r"tinydata==1\.0: the entry x/a\.txt is a link or a device"):
        take_out(raw, make_tar({"": info}), member("x/*", b""))


def test_symlink_in_a_zip_is_refused(raw):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as opened:
        info = zipfile.ZipInfo("a.txt")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        opened.writestr(info, "/etc/passwd")
    with pytest.raises(UserError, match="link or a device"):
        take_out(raw, archive.getvalue(), member("a.txt", b"/etc/passwd"))


def test_dangerous_entries_that_are_not_read_do_not_matter(raw):
    link = tarfile.TarInfo("x/link")
    link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
    archive = make_tar({"link": link, "../up": b"", "x/a.txt": b"one"})
    assert take_out(raw, archive, member("x/a.txt", b"one")) == {"a.txt": b"one"}


@pytest.mark.parametrize("make", [make_tar, make_zip])
def test_unpack_limit(raw, make):
    archive = make({"a.txt": b"0" * 600, "b.txt": b"1" * 400})
    members = member("a.txt", b"0" * 600), member("b.txt", b"1" * 400)
    assert len(take_out(raw, archive, *members, unpack_limit=1000)) == 2
    for file in raw.iterdir():
        file.unlink()
    with pytest.raises(UserError) as error:
        take_out(raw, archive, *members, unpack_limit=999)
    assert "b.txt: the files taken out pass 999 bytes" in str(error.value)
    assert f"{KEY}.unpack_limit" in str(error.value)


def test_unpack_limit_holds_for_inner_archives(raw):
    bomb = make_zip({"a.txt": b"0" * 1_000_000})
    archive = make_zip({"inner.zip": bomb})
    for limit in (len(bomb) - 1, len(bomb) + 999_999):
        with pytest.raises(UserError, match="the files taken out pass"):
            take_out(raw, archive, member("a.txt", b"", inside=["inner.zip"]), unpack_limit=limit)
        (raw / "a.txt").unlink()


def test_inner_archive_counts_once_for_its_members(raw):
    inner = make_zip({"a.txt": b"1", "b.txt": b"2"})
    members = [member(name, text, inside=["i.zip"]) for name, text in (("a.txt", b"1"), ("b.txt", b"2"))]
    assert len(take_out(raw, make_zip({"i.zip": inner}), *members, unpack_limit=len(inner) + 2)) == 2


@pytest.mark.parametrize(
    "content",
    [b"not an archive", b"", gzip.compress(b"a,b\n" * 400, mtime=0), make_tar({"a": b"1" * 9000})[:90]],
    ids=["text", "empty", "gzip", "broken off"],
)
def test_no_archive_or_damaged(raw, content):  # fmt: skip
    with pytest.raises(UserError, match=r"tinydata==1\.0 → i\.bin (is damaged|holds no file)"):
        take_out(raw, make_zip({"i.bin": content}), member("a.txt", b"", inside=["i.bin"]))


def test_damaged_zip_entry(raw):
    content = bytearray(make_zip({"a.txt": b"0123456789" * 50}))
    content[40] ^= 0xFF
    with pytest.raises(UserError, match=r"tinydata==1\.0 is damaged"):
        take_out(raw, bytes(content), member("a.txt", b""))


def test_two_members_under_one_name(raw):
    archive = make_zip({"x/A.txt": b"1", "y/a.txt": b"2"})
    with pytest.raises(UserError, match=rf"{KEY}\.files\.1: a second file would be saved as a\.txt"):
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
def test_saved_name(path, part, name):
    assert saved_name(Member(path=path, sha256=WRONG, part=part)) == name
