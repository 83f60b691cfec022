"""Raw files as streams of text: the encoding is declared or detected, and held against every byte before use."""

import codecs
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from stages.config.reading import FileReading
from stages.data.compression import CHUNK, open_bytes
from stages.data.raw import RawFile
from stages.runtime.errors import UserError

BYTE_ORDER_MARKS = (  # the longer ones first: UTF-32's begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
WIDE = ("utf-16", "utf-32")  # how the names of encodings begin in which zero bytes are parts of letters
SAMPLE = 1 << 20  # bytes that detection looks at
PIECE = 1 << 16
LOOSE = ("utf-7", "unicode-escape", "raw-unicode-escape")  # may decode to …
# The letters beside ASCII of German, Swedish and Finnish, Danish and Norwegian, French, Spanish and Catalan,
# Portuguese, Italian, Dutch, Icelandic; signs beside them; and where such a sign is a letter of another encoding.
WESTERN = (
    "äöüßé",
    "åäöé",
    "æøåé",
    "àâæçéèêëîïôœùûüÿ",
    "áéíóúüñàèïòç",
    "áâãàçéêíóôõúü",
    "àèéìíîòóùú",
    "éëïöüèêç",
    "áðéíóúýþæö",
)
SIGNS = "€…‹›‘’“”„‚•–—™¡£§©«®°·»¿"
LETTER_LIKE = re.compile(r"[^\W\d_][¡£§°¿©®][^\W\d_]|(?<!\w)[£§©®](?=[^\W\d_])")
HALF = re.compile(r"[\ud800-\udfff]")  # … half a character, which no text can be written with


@dataclass(frozen=True)
class TextFile:
    """A raw file whose bytes were all found to be text.

    `encoding`: as Python names it. `guessed`: whether nothing but the bytes themselves speaks for it. `blank`: whether
    the file holds nothing but white space. `longest_line`: characters, of lines longer than a few only.
    """

    file: RawFile[FileReading]
    encoding: str
    guessed: bool
    blank: bool
    longest_line: int
    marked: bool  # whether it begins with a byte order mark, which is no part of the text

    def open(self, newline: str | None = None) -> io.TextIOWrapper:
        """Open the text. `newline`: as of `open`; None: every line ends with a newline."""
        stream = io.TextIOWrapper(open_bytes(self.file), encoding=self.encoding, newline=newline)
        if self.marked:
            stream.read(1)
        return stream

    def lines(self) -> Iterator[str]:
        """Yield the lines, without their ends."""
        with self.open() as stream:
            for line in stream:
                yield line.rstrip("\n")


class _Misfit(Exception):
    """A byte that an encoding does not allow."""

    def __init__(self, byte: int, line: int) -> None:
        self.place = f"byte {byte} (line {line})"


def inspect_text(file: RawFile[FileReading]) -> TextFile:
    """Find out a file's encoding, and read it once to be sure that all of it is text.

    Raises:
        UserError: it is not in the declared encoding, none can be detected, or it holds NUL bytes; says where.
    """
    declared = file.reading.encoding
    if declared is not None:
        try:
            return _scan(file, codecs.lookup(declared).name, guessed=False)
        except _Misfit as misfit:
            raise UserError(_misfit_message(file, declared, misfit)) from None
    begin = _first_bytes(file, 4)
    for mark, encoding in BYTE_ORDER_MARKS:
        if begin.startswith(mark):
            return _scan_guess(file, encoding)
    try:
        return _scan(file, "utf-8", guessed=False)
    except _Misfit as misfit:
        return _scan_guess(file, _detect(file, misfit))


def _scan_guess(file: RawFile[FileReading], encoding: str) -> TextFile:
    try:
        return _scan(file, encoding, guessed=True)
    except _Misfit as misfit:
        raise UserError(_undetected_message(file, f"nor '{encoding}', by {misfit.place}")) from None


def _scan(file: RawFile[FileReading], encoding: str, guessed: bool) -> TextFile:
    """Decode a file from its begin to its end, and keep nothing of it."""
    decoder = codecs.getincrementaldecoder(encoding)()
    marked, blank, longest, since_line_end, line, nuls = False, True, 0, 0, 1, _Nuls(encoding)
    for start, chunk in _chunks(file):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(chunk, final=not chunk)
        except UnicodeDecodeError as error:
            before = error.object[: error.start].count(b"\n")
            raise _Misfit(start - pending + error.start, line + before) from None
        except UnicodeError as error:  # of encodings that begin with a mark, or have rules of their own
            advice = f"set {file.key('encoding')} to what it is, or to null"
            raise UserError(f"{file.path} is not encoded in '{encoding}' ({error}): {advice}") from None
        if encoding in LOOSE and (half := HALF.search(text)):
            raise UserError(
                f"{file.path} holds half a character, U+{ord(half.group()):04X}, in line "
                f"{line + text.count(chr(10), 0, half.start())}: remove it, or set {file.key('encoding')} to what it is"
            )
        marked = marked or (start == 0 and text.startswith("\ufeff"))
        blank = blank and not text.removeprefix("\ufeff").strip()
        nuls.count(text, chunk, start, line)
        last_end = max(text.rfind("\n"), text.rfind("\r"))
        since_line_end = since_line_end + len(text) if last_end < 0 else len(text) - last_end - 1
        longest = max(longest, since_line_end)
        line += text.count("\n")
    if nuls.total:
        raise UserError(_nul_message(file, nuls))
    return TextFile(file, encoding, guessed, blank, longest, marked)


def _chunks(file: RawFile[FileReading]) -> Iterator[tuple[int, bytes]]:
    """Yield a file's bytes with the place where they begin; at the end none."""
    start = 0
    with open_bytes(file) as stream:
        for chunk in iter(partial(stream.read, CHUNK), b""):
            yield start, chunk
            start += len(chunk)
    yield start, b""


class _Nuls:
    """The zero bytes of a text, which no text has: how many, and the place of the first."""

    def __init__(self, encoding: str) -> None:
        self.total, self.place, self._wide = 0, "", encoding.startswith(WIDE)

    def count(self, text: str, chunk: bytes, start: int, line: int) -> None:
        """Count those of a chunk. `start`: its first byte's place; `line`: its first letter's."""
        if not (here := text.count("\0")):
            return
        if not self.total:
            at = line + text.count("\n", 0, text.index("\0"))
            self.place = f"line {at}" if self._wide else f"line {at} (byte {start + chunk.index(0)})"
        self.total += here


def _detect(file: RawFile[FileReading], misfit: _Misfit) -> str:
    """Return the likeliest encoding of a file that is not UTF-8.

    Raises:
        UserError: none is likely.
    """
    sample = _sample(file)
    if 0 in sample:
        raise UserError(_wide_hint(file, sample) or _undetected_message(file, "and holds zero bytes, as no text does"))
    valid = sample.decode("utf-8", "replace")
    letters = len(valid) - len(valid.encode("ascii", "ignore"))
    if letters > 10 * valid.count("\ufffd"):  # other encodings hardly ever look like UTF-8
        raise UserError(
            f"{file.path} is UTF-8 save for {misfit.place}: fix the file, or set {file.key('encoding')} to what it is"
        )
    if (encoding := _likeliest(sample)) is None:
        raise UserError(_undetected_message(file, f"by {misfit.place}"))
    return encoding


def _likeliest(sample: bytes) -> str | None:
    """Return the likeliest encoding. Of those that read as well, Windows-1252 wins: it is by far the most used."""
    from charset_normalizer import from_bytes

    if _is_western(sample):
        return "cp1252"
    matches = from_bytes(sample)
    best = matches.best()
    if best is None:
        return None
    equals = (match for match in matches if match.coherence >= best.coherence)
    return "cp1252" if any("cp1252" in match.could_be_from_charset for match in equals) else best.encoding


def _is_western(sample: bytes) -> bool:
    """Tell whether bytes read as Windows-1252 hold the letters of one language of Western Europe, most of them ASCII.

    Detection by frequencies takes a few such words for Mac's, Korean or Central European ones.
    """
    try:
        text = sample.decode("cp1252").lower()
    except UnicodeDecodeError:
        return False
    letters = re.findall(r"[^\W\d_]", text)
    foreign = {letter for letter in letters if not letter.isascii()}
    signs = set(re.findall(r"[^\w\s]|[²³¹¼½¾ªº]", text)) - set(map(chr, range(128)))
    few = 0 < sum(letter in foreign for letter in letters) < 0.5 * len(letters)
    known = any(foreign <= set(alphabet) for alphabet in WESTERN)
    return few and known and signs <= set(SIGNS) and not LETTER_LIKE.search(text)


def _sample(file: RawFile[FileReading]) -> bytes:
    """Return a short file's bytes, else the first lines of each stretch that holds more than ASCII."""
    sample = bytearray()
    with open_bytes(file) as stream:
        short = stream.read(SAMPLE)
        if not stream.read(1):
            return short
    with open_bytes(file) as stream:
        for piece in iter(partial(stream.read, PIECE), b""):
            if not piece.isascii():
                sample += piece[piece.find(b"\n") + 1 : piece.rfind(b"\n") + 1] or piece
            if len(sample) >= SAMPLE:
                break
    return bytes(sample)


def _first_bytes(file: RawFile[FileReading], count: int) -> bytes:
    with open_bytes(file) as stream:
        return stream.read(count)


def _wide_hint(file: RawFile[FileReading], sample: bytes) -> str | None:
    """Return a hint for what looks like UTF-16 without a byte order mark: zeros at every other byte, and letters."""
    even, odd = sample[::2].count(0), sample[1::2].count(0)
    most, least = max(even, odd), min(even, odd)
    encoding = "utf-16-le" if odd > even else "utf-16-be"
    few = most < len(sample) / 4 and _is_utf_8(sample)  # a stray zero byte in a text of another encoding
    if few or most < 2 or most < 9 * least:
        return None
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(sample)
    except UnicodeDecodeError:
        return None
    if sum(map(str.isprintable, text.replace("\n", " ").replace("\r", " "))) < 0.9 * len(text):
        return None
    return f"{file.path} looks like '{encoding}', without the mark that says so: set {file.key('encoding')} to it"


def _is_utf_8(sample: bytes) -> bool:
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _nul_message(file: RawFile[FileReading], nuls: _Nuls) -> str:
    begin = _first_bytes(file, PIECE)
    if begin[257:262] == b"ustar":
        return f"{file.path} is an archive, by tar: unpack it, and give its files or their folder"
    marked = any(begin.startswith(mark) for mark, _ in BYTE_ORDER_MARKS)
    if file.reading.encoding is None and not marked and (hint := _wide_hint(file, begin)):
        return hint
    return (
        f"{file.path} holds {nuls.total} NUL byte(s), as no text does, the first in {nuls.place}: remove them, or "
        "leave the file out if it is not text"
    )


def _undetected_message(file: RawFile[FileReading], reason: str) -> str:
    return (
        f"{file.path} is not UTF-8, {reason}, and its encoding could not be detected: set {file.key('encoding')}, or "
        "leave the file out if it is not text"
    )


def _misfit_message(file: RawFile[FileReading], declared: str, misfit: _Misfit) -> str:
    likeliest = _likeliest(_sample(file))
    return (
        f"{file.path} is not encoded in '{declared}': {misfit.place} does not fit; detection suggests "
        f"{repr(likeliest) if likeliest else 'no text encoding at all'}: fix {file.key('encoding')}, or set it to null"
    )
