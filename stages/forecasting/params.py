"""The typed parameters of forecasting: its datasets, its training and its models."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

import stages.forecasting.models as model_files
from stages.schema import Delimiter, Frozen, Section, Source, distinct, one_entry_a_file


def _in_zone(name: str | None) -> str | None:
    """Refuse a time zone that the system does not know."""
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as Europe/Berlin") from None
    return name


def _frequency(alias: str | None) -> str | None:
    """Refuse a frequency that pandas does not know."""
    if alias is None:
        return None
    from pandas.tseries.frequencies import to_offset  # slow to import, and hardly ever needed

    try:
        known = to_offset(alias).n > 0
    except ValueError:
        known = False
    if not known:
        raise ValueError("must be a frequency as pandas names it, such as 30min, h, D, W, MS")
    return alias


Columns = Annotated[tuple[str, ...], AfterValidator(distinct)]
Size = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=0.5)]


class Reading(Frozen):
    """How the raw files become series."""

    timestamp: str = Field(default="timestamp", description="the column of times")
    values: Columns | None = Field(
        default=None, description="columns of values, each a series; null: all that are no other column"
    )
    series: str | None = Field(
        default=None, description="the column that names a row's series, where a file holds one below the other"
    )
    covariates: Columns = Field(default=(), description="columns that are known ahead, such as holidays")
    frequency: Annotated[str | None, AfterValidator(_frequency)] = Field(
        default=None, description="as pandas names it: 30min, h, D, MS; inferred when null"
    )
    time_zone: Annotated[str | None, AfterValidator(_in_zone)] = Field(
        default=None, description="of the calendar, and of times that name no offset"
    )
    time_format: str | None = Field(
        default=None, description="of the times, as Python's strptime names it: '%d.%m.%Y %H:%M'; null: ISO 8601"
    )
    gaps: Literal["forbid", "forward", "interpolate"] = Field(
        default="forbid",
        description="missing values: stop; repeat the last one; draw a line between the neighbours, which knows the "
        "next one. What was filled is no truth that a forecast is measured by",
    )
    format: Literal["csv", "tsv", "parquet"] | None = Field(default=None, description="by the file's ending when null")
    delimiter: Delimiter | None = None
    encoding: str = Field(default="utf-8", description="as Python names it")
    rows: int | None = Field(default=None, ge=1, description="keep at most so many of each series' first values")

    @model_validator(mode="after")
    def _one_use_a_column(self) -> "Reading":
        """Refuse a column with two uses: what is forecast cannot be known ahead."""
        columns = [self.timestamp, *(self.values or ()), *self.covariates, *filter(None, [self.series])]
        if twice := [name for name in columns if columns.count(name) > 1]:
            raise ValueError(f"the column '{twice[0]}' has two uses of timestamp, series, values and covariates")
        return self


class Split(Frozen):
    """The parts follow each other in time."""

    train: int | None = Field(
        default=None,
        ge=1,
        description="steps, the first ones; what follows test is dropped. null: all before validation",
    )
    validation: Size = Field(default=0.1, description="steps, or a share of them, after train")
    test: Size = Field(default=0.1, description="steps, or a share of them, after validation")


class Window(Frozen):
    """What a forecast sees and says. The scaler is fitted on train alone."""

    look_back: int = Field(default=96, ge=1, description="values before a forecast that a model may read")
    horizon: int = Field(default=24, ge=1, description="values that it forecasts at once")
    stride: int = Field(default=1, ge=1, description="steps between the windows of train; all others are used")
    season: int = Field(
        default=1, ge=1, description="steps until the pattern comes again; 1: none. MASE is measured in its naive error"
    )
    short_season: int | None = Field(
        default=None, ge=1, description="for ets, which keeps a state for each step of it; null: the season"
    )
    scaler: Literal["standard", "robust", "none"] = Field(
        default="standard", description="of each series: mean and deviation, median and quartiles, or as it is"
    )
    logarithm: bool = Field(
        default=False,
        description="whether the values' logarithms are scaled and forecast, as suits what grows and swings in percent",
    )
    calendar: Annotated[tuple[Literal["hour", "weekday", "month"], ...], AfterValidator(distinct)] = Field(
        default=(), description="cycles that models are told of, for past and future"
    )


class ForecastingDataset(Frozen):
    """A source of time series."""

    task: Literal["forecasting"]
    source: Source
    reading: Reading = Reading()
    split: Split = Split()
    window: Window = Window()


class Training(Frozen):
    """What all neural forecasters share when they are trained."""

    batch_size: int = Field(default=256, ge=1)
    epoch_windows: int = Field(default=12_000, ge=1, description="windows of an epoch, drawn at random")
    validation_windows: int = Field(
        default=3000, ge=1, description="of validation, evenly spread, that are looked at after each epoch"
    )
    patience: int = Field(default=3, ge=1, description="epochs without a better one before training stops")
    averaging: float = Field(default=0.98, ge=0, lt=1, description="share of itself the running average keeps a step")
    clip_norm: float = Field(default=1.0, gt=0, description="the gradient's norm over all weights is clipped to this")


Models = one_entry_a_file(model_files)


class Forecasting(Section):
    """Which series are forecast by which models."""

    training: Training
    models: Models
