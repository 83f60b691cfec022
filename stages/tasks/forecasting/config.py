"""The typed parameters of forecasting: its datasets, its training and its models."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, model_validator

import stages.models.forecasting
from stages.config.reading import TableReading
from stages.config.schema import (
    MIN_STEPS,
    Frozen,
    ModelsConfig,
    Name,
    TaskSection,
    TrainingConfig,
    distinct,
    models_config,
)
from stages.config.sources import DatasetConfig


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
    from stages.tasks.forecasting.modeling.frequency import WORDS, known_frequency  # imports pandas

    if not known_frequency(alias):
        raise ValueError(f"must be a frequency as pandas names it, such as 30min, h, D, W, MS, or {', '.join(WORDS)}")
    return alias


Columns = Annotated[tuple[str, ...], AfterValidator(distinct)]
Size = Annotated[int, Field(ge=1)] | Annotated[float, Field(gt=0, lt=0.5)]


class Reading(TableReading):
    """How the raw files become series."""

    timestamp: str | Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(distinct)] = Field(
        default="timestamp",
        description="the column of times; or several: [year, month, day, hour] as numbers, or a date and a time of day",
    )
    values: Columns | None = Field(
        default=None,
        description="columns of values, each a series; null: all that are no other column, and no index of pandas'",
    )
    series: str | None = Field(
        default=None, description="the column that names a row's series, where a file holds one below the other"
    )
    covariates: Columns = Field(default=(), description="columns that are known ahead, such as holidays")
    frequency: Annotated[str | None, AfterValidator(_frequency)] = Field(
        default=None,
        description="as pandas names it: 30min, h, D, MS, MS+14D (the 15th); or hourly, daily, business days, weekly, "
        "monthly, quarterly, yearly; inferred from all rows when null",
    )
    time_zone: Annotated[str | None, AfterValidator(_in_zone)] = Field(
        default=None, description="of the calendar, and of times that name no offset"
    )
    repeated_hour: Literal["in_order", "first", "second"] = Field(
        default="in_order",
        description="the hour that a local clock shows twice in autumn: it stands twice, one after the other in_order; "
        "or equal times stand side by side, and one that stands once is the first or the second",
    )
    files: Literal["join", "series"] | None = Field(
        default=None,
        description="several files with the same column: parts of one series, or a series for each file; null: refused",
    )
    time_format: str | None = Field(
        default=None,
        description="of the times, as Python's strptime names it: '%d.%m.%Y %H:%M'; null: ISO 8601, or whole numbers "
        "that count steps",
    )
    gaps: Literal["forbid", "forward", "interpolate"] = Field(
        default="forbid",
        description="missing values: stop; repeat the last one; draw a line between the neighbours, which knows the "
        "next one. What was filled is no truth that a forecast is measured by",
    )
    format: Literal["csv", "tsv", "jsonl", "parquet", "spreadsheet"] | None = Field(
        default=None, description="by the file's ending when null"
    )
    rows: int | None = Field(default=None, ge=1, description="keep at most so many of each series' first values")
    unfit_series: Literal["refuse", "drop"] = Field(
        default="refuse",
        description="series that cannot be used, such as those without a value in a part, too short or constant: stop, "
        "with all of them named; or leave them out, counted",
    )

    @property
    def time_columns(self) -> tuple[str, ...]:
        """The columns that together tell a row's time."""
        return (self.timestamp,) if isinstance(self.timestamp, str) else self.timestamp

    @model_validator(mode="after")
    def _one_use_a_column(self) -> "Reading":
        """Refuse a column with two uses: what is forecast cannot be known ahead."""
        columns = [*self.time_columns, *(self.values or ()), *self.covariates, *filter(None, [self.series])]
        if twice := [name for name in columns if columns.count(name) > 1]:
            raise ValueError(f"the column '{twice[0]}' has two uses of timestamp, series, values and covariates")
        return self


class SplitConfig(Frozen):
    """The parts follow each other in time."""

    train: int | None = Field(
        default=None,
        ge=1,
        description="steps, the first ones; what follows test is dropped. null: all before validation",
    )
    validation: Size = Field(default=0.1, description="steps, or a share of them, after train")
    test: Size = Field(default=0.1, description="steps, or a share of them, after validation")


class WindowConfig(Frozen):
    """What a forecast reads and predicts. The scaler is fitted on train alone."""

    look_back: int = Field(default=96, ge=1, description="values before a forecast that a model may read")
    horizon: int = Field(default=24, ge=1, description="values that it forecasts at once")
    stride: int = Field(default=1, ge=1, description="steps between the windows of train; all others are used")
    season: int = Field(
        default=1,
        ge=1,
        description="steps until the pattern comes again; 1: none. MASE is in units of the error of the value a season "
        "before",
    )
    ets_season: int | None = Field(
        default=None, ge=1, description="for ets, which keeps a state for each step of it; null: the season"
    )
    scaler: Literal["standard", "robust", "none"] = Field(
        default="standard",
        description="of each series: mean and standard deviation; median and range of the quartiles; unscaled",
    )
    logarithm: bool = Field(
        default=False,
        description="scale and forecast the logarithms of the values, for series that grow and swing in percent",
    )
    minimum: float | None = Field(
        default=None, description="forecasts and their intervals go no lower; 0 for what cannot be negative"
    )
    maximum: float | None = Field(default=None, description="forecasts and their intervals go no higher")
    calendar: Annotated[tuple[Literal["hour", "weekday", "month"], ...], AfterValidator(distinct)] = Field(
        default=(), description="features that models read, for past and future"
    )

    @model_validator(mode="after")
    def _bounds_in_order(self) -> "WindowConfig":
        if None not in (self.minimum, self.maximum) and self.minimum >= self.maximum:  # type: ignore[operator]
            raise ValueError("minimum must be below maximum")
        return self


class ForecastingDataset(DatasetConfig):
    """A source of time series."""

    reading: Reading = Reading()
    split: SplitConfig = SplitConfig()
    window: WindowConfig = WindowConfig()


class Training(TrainingConfig):
    """What all neural forecasters share when they are trained."""

    min_steps: int = Field(default=200, ge=1, description=MIN_STEPS)
    batch_size: int = Field(default=256, ge=1)
    windows_per_epoch: int = Field(default=12_000, ge=1, description="drawn at random")
    validation_windows: int = Field(
        default=3000, ge=1, description="of validation, evenly spaced, that models are chosen by, after each epoch too"
    )


if TYPE_CHECKING:
    Models = ModelsConfig
else:
    Models = models_config(stages.models.forecasting)


class Section(TaskSection):
    """Which series are forecast by which models."""

    baseline_training: ClassVar[frozenset[str]] = frozenset({"validation_windows"})  # chosen by the same as networks

    datasets: dict[Name, ForecastingDataset] = Field(default_factory=dict)
    training: Training = Training()
    models: Models = Models()
