"""What all formats that are text share."""

from stages.config.reading import FileReading
from stages.data.encoding import TextFile, inspect_text
from stages.data.raw import RawFile
from stages.runtime.errors import UserError

LONGEST_LINE = 1 << 26  # characters: a longer one would fill the memory before anyone knows what it is


def open_lines(file: RawFile[FileReading]) -> TextFile:
    """Return a file as text to be read line by line.

    Raises:
        UserError: it is no text, is empty, or has a line of a size that no record has.
    """
    text = inspect_text(file)
    if text.blank:
        raise UserError(f"{file.path} is empty: remove it, or put data into it")
    if text.longest_line > LONGEST_LINE:
        raise UserError(f"{file.path} has a line of more than {LONGEST_LINE:,} characters: this is no table")
    return text
