"""The building blocks of typed parameters, and where a dataset's raw files come from."""

import importlib
import pkgutil
import warnings
from collections import Counter
from pathlib import PurePosixPath
from types import ModuleType
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, create_model, model_validator

from stages.console import BadParameters, nearest


def distinct(values: tuple) -> tuple:
    """Refuse values that are given twice."""
    twice = [str(value) for value, count in Counter(values).items() if count > 1]
    if twice:
        raise ValueError(f"given twice: {', '.join(twice)}")
    return values


class Frozen(BaseModel):
    """A part of params.yaml: every key known, every value checked, nothing changed after reading."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True, allow_inf_nan=False)


def _inside(path: str) -> str:
    """Refuse a member's path that would lead out of the folder it is unpacked into."""
    parts = PurePosixPath(path).parts
    if not parts or path.startswith("/") or ".." in parts:
        raise ValueError("must be a path inside the archive, without '..' and not absolute")
    return path


# Names stand in file names, stage names and DVC's templates: letters, digits and underscores do in all of them.
TASKS = ("classification", "generation", "forecasting", "seq2seq")
NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_]*$"
Name = Annotated[str, Field(pattern=NAME_PATTERN, max_length=60)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="hexadecimal SHA-256")]
Part = Literal["train", "validation", "test"]
Seed = Annotated[int, Field(ge=0, lt=2**31)]
Seeds = Annotated[tuple[Seed, ...], Field(min_length=1), AfterValidator(distinct)]
Delimiter = Annotated[
    str, Field(pattern=r'^[^"\r\n]$', description="one character between fields; null: a comma in csv, a tab in tsv")
]
InnerPath = Annotated[str, AfterValidator(_inside)]


class Member(Frozen):
    """One raw file taken out of a package's archive."""

    path: InnerPath = Field(description="path inside the archive; * matches within a folder, matches are concatenated")
    join: bool = Field(default=True, description="false: what * matches stays a file of its own each")
    inside: tuple[InnerPath, ...] = Field(default=(), description="archives within the archive, outermost first")
    sha256: Sha256 = Field(description="of the file, or of the matches concatenated in sorted order")
    part: Part | None = Field(default=None, description="the official part that this file is")
    name: Name | None = Field(default=None, description="what it is saved as, in place of its own name")


class LocalPath(Frozen):
    """A file or a folder of files on this machine; editing it reruns the dataset."""

    path: str = Field(min_length=1, description="relative to the project, or absolute")


class Url(Frozen):
    """A file behind a URL that fsspec can open: https, s3, gs, abfs, ftp, …"""

    url: str = Field(pattern=r"^[a-z][a-z0-9+.-]*://.+", description="protocol://…")
    sha256: Sha256 | None = Field(default=None, description="recommended: without it a changed file goes unnoticed")


def _kind(source: object) -> str | None:
    """Tell the kinds of source apart by the key that only one of them has; none if there are two such keys."""
    keys = source if isinstance(source, dict) else type(source).model_fields if isinstance(source, Frozen) else ()
    kinds = [kind for kind in ("package", "packages", "path", "url") if kind in keys]
    return kinds[0] if len(kinds) == 1 else None


Vectors = Annotated[
    Annotated[LocalPath, Tag("path")] | Annotated[Url, Tag("url")],
    Discriminator(
        _kind, custom_error_type="source_kind", custom_error_message="vectors have exactly one of the keys path and url"
    ),
]


class WithVectors(Frozen):
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

    In a folder, files named train, validation and test (with any ending) are the official parts.
    """


class UrlSource(Url, WithVectors):
    """A file behind a URL that fsspec can open: https, s3, gs, abfs, ftp, …"""


Source = Annotated[
    Annotated[PackageSource, Tag("package")]
    | Annotated[PackagesSource, Tag("packages")]
    | Annotated[PathSource, Tag("path")]
    | Annotated[UrlSource, Tag("url")],
    Discriminator(
        _kind,
        custom_error_type="source_kind",
        custom_error_message="a source has exactly one of the keys package, packages, path and url",
    ),
]


class Neural(Frozen):
    """The parameters of a model that learns by gradient steps from a random start: it is trained once a seed."""


class Section(Frozen):
    """A task's section of params.yaml: which datasets are learned by which models."""

    datasets: tuple[Name, ...]
    training: Frozen
    models: Frozen

    @model_validator(mode="after")
    def _names_a_model(self) -> "Section":
        if not self.models.model_fields_set:
            raise ValueError("name at least one model")
        return self

    def model(self, name: str) -> Frozen:
        """Return the parameters of one model.

        Raises:
            BadParameters: params.yaml does not name it.
        """
        if name not in self.models.model_fields_set:
            raise BadParameters(f"params.yaml names no model '{name}': {nearest(name, self.model_names())}")
        return getattr(self.models, name)

    def model_names(self) -> list[str]:
        """Return the models that params.yaml names, in alphabetical order."""
        return sorted(self.models.model_fields_set)


def one_entry_a_file(package: ModuleType) -> type[Frozen]:
    """Return a type with an optional field for each file of a package, of the type `Parameters` that it holds."""
    fields = {}
    for file in pkgutil.iter_modules(package.__path__):
        parameters = importlib.import_module(f"{package.__name__}.{file.name}").Parameters
        fields[file.name] = (parameters, Field(default=None, validate_default=False))
    task = package.__name__.split(".")[-2]
    with warnings.catch_warnings():  # a model may be called as a method of pydantic's that nothing here uses: copy
        warnings.filterwarnings("ignore", "Field name .* shadows an attribute")
        return create_model(f"{task.title()}Models", __base__=Frozen, __doc__="One entry a model file.", **fields)
