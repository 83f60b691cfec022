"""Raw files to regular series: formats, times, gaps, and what is refused in which words."""

import io
import json

import pandas as pd
import pyarrow as pa
import pytest
from pydantic import ValidationError

from stages.config.dataset import Dataset
from stages.config.paths import Paths
from stages.data import tables
from stages.data.formats import delimited
from stages.data.table import Table
from stages.runtime.errors import UserError
from stages.tasks.forecasting.config import Reading
from stages.tasks.forecasting.loader import read, read_history

STAMPS = [str(stamp) for stamp in pd.date_range("2024-01-01", periods=8, freq="h")]


def make(tmp_path) -> Dataset:
    """Return a dataset whose folder of raw files is there."""
    dataset = Dataset(Paths(tmp_path), "forecasting", "mine")
    dataset.raw.mkdir(parents=True, exist_ok=True)
    return dataset


def raw(tmp_path, content: str | bytes, name: str = "mine.csv", **reading) -> Table:
    """Read the dataset after one more raw file was put into it."""
    dataset = make(tmp_path)
    (dataset.raw / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return read(dataset, Reading(**reading))


def lines(values, stamps=STAMPS, header="timestamp,load") -> str:
    """Return CSV of times and values."""
    return header + "\n" + "".join(f"{stamp},{value}\n" for stamp, value in zip(stamps, values, strict=True))


def test_columns_become_series_one_below_the_other(tmp_path):
    text = lines([f"{n},{n * 10}" for n in range(8)], header="timestamp,load,heat")
    table = raw(tmp_path, text)
    rows = table.rows.to_pandas()
    assert list(rows["series"]) == ["load"] * 8 + ["heat"] * 8
    assert list(rows["value"]) == [*range(8), *range(0, 80, 10)]
    assert list(rows["row"]) == [*range(1, 9)] * 2 and set(rows["file"]) == {"mine.csv"}
    assert table.rows_read == 16 and not table.rows_dropped
    assert table.notes["frequency"] == "h" and table.notes["series"] == {"load": 8, "heat": 8}


def test_a_column_may_name_the_series(tmp_path):
    text = "shop,day,sold\n" + "".join(f"{s},2024-01-0{d},{d}\n" for s in "ab" for d in range(1, 6))
    rows = raw(tmp_path, text, timestamp="day", series="shop", values=["sold"]).rows.to_pandas()
    assert list(rows["series"].unique()) == ["a", "b"] and len(rows) == 10


def test_fields_may_be_separated_otherwise(tmp_path):
    text = lines(range(8))
    assert raw(tmp_path, text.replace(",", ";"), delimiter=";").rows == raw(tmp_path, text).rows


def test_several_files_are_one_table(tmp_path):
    raw(tmp_path, lines(range(8)), name="a.csv")
    rows = raw(tmp_path, lines(range(8), header="timestamp,heat"), name="b.csv").rows.to_pandas()
    assert list(rows["file"].unique()) == ["a.csv", "b.csv"]


@pytest.mark.parametrize("rule, filled", [("forward", [3, 3, 3]), ("interpolate", [4, 5, 6])])
def test_gaps_are_filled_by_the_rule_and_counted(tmp_path, rule, filled):
    values = [1, 2, 3, 7, 8]
    table = raw(tmp_path, lines(values, [*STAMPS[:3], *STAMPS[6:]]), gaps=rule)
    rows = table.rows.to_pandas()
    assert list(rows["value"]) == [1, 2, 3, *filled, 7, 8]
    assert list(rows["filled"]) == [False] * 3 + [True] * 3 + [False] * 2
    assert table.notes["filled"] == {"load": 3} and list(rows["row"][3:6]) == [0, 0, 0]


def test_months_are_regular(tmp_path):
    stamps = [f"2024-{month:02d}-01" for month in range(1, 9)]
    assert raw(tmp_path, lines(range(8), stamps)).notes["frequency"] == "MS"


def test_months_with_a_gap_are_still_months(tmp_path):
    stamps = [f"2024-{month:02d}-01" for month in range(1, 13) if month != 6]
    table = raw(tmp_path, lines(range(11), stamps), gaps="forward")
    assert table.notes["frequency"] == "MS" and table.notes["filled"] == {"load": 1}


def test_offsets_are_read_as_utc(tmp_path):
    stamps = [f"2024-01-01T0{n}:00:00+02:00" for n in range(8)]
    rows = raw(tmp_path, lines(range(8), stamps)).rows.to_pandas()
    assert rows["timestamp"].iloc[0] == pd.Timestamp("2023-12-31 22:00", tz="UTC")


def test_a_local_clock_is_followed_through_its_changes(tmp_path):
    local = pd.date_range("2024-10-26 20:00", periods=12, freq="h", tz="Europe/Berlin")
    stamps = [str(stamp.tz_localize(None)) for stamp in local]
    assert len(set(stamps)) == 11  # an hour stands twice
    table = raw(tmp_path, lines(range(12), stamps), time_zone="Europe/Berlin")
    assert list(table.rows.to_pandas()["timestamp"]) == list(local.tz_convert("UTC"))
    assert table.notes["daylight_saving_steps"] == ["2024-10-27 02:00:00+01:00 (row 8)"]


def test_flags_are_numbers(tmp_path):
    text = lines([f"{n},{'TRUE' if n == 3 else 'FALSE'}" for n in range(8)], header="timestamp,load,holiday")
    rows = raw(tmp_path, text, covariates=["holiday"]).rows.to_pandas()
    assert list(rows["covariate.holiday"]) == [0, 0, 0, 1, 0, 0, 0, 0]


def test_rows_beyond_the_limit_are_counted(tmp_path):
    table = raw(tmp_path, lines(range(8)), rows=5)
    assert table.rows.num_rows == 5 and table.rows_dropped == {"beyond reading.rows": 3}


@pytest.mark.parametrize(
    "text, reading, message",
    [
        ("", {}, "mine.csv is empty"),
        ("timestamp,load\n", {}, "mine.csv: holds no rows"),
        (lines(range(8)), {"timestamp": "time"}, "there is no column 'time': did you mean 'timestamp'?"),
        (lines(range(8)), {"values": ["loaf"]}, "there is no column 'loaf': did you mean 'load'?"),
        (lines([1, 2, "many", 4, 5, 6, 7, 8]), {}, "column 'load' is no number in row 3 ('many'): fix it"),
        (
            lines([1, 2, "inf", 4, 5, 6, 7, 8]),
            {},
            "column 'load' is not finite in row 3 ('inf'): fix it",
        ),
        (
            lines([1, 2, "1e200", 4, 5, 6, 7, 8]),
            {},
            "column 'load' is too large to be squared in row 3 ('1e200')",
        ),
        (lines([1, 2, "NaN", 4, 5, 6, 7, 8]), {}, "series 'load': 1 value(s) missing, at 2024-01-01 02:00:00"),
        (lines(range(8), [*STAMPS[:5], "soon", *STAMPS[6:]]), {}, "column 'timestamp', row 6 ('soon')"),
        (
            lines(range(8), [*STAMPS[:4], STAMPS[3], *STAMPS[5:]]),
            {},
            "row 5 (2024-01-01 03:00:00) stand(s) twice",
        ),
        (
            lines(range(8), [STAMPS[1], STAMPS[0], *STAMPS[2:]]),
            {},
            "row 2 (2024-01-01 00:00:00) come(s) before",
        ),
        (lines(range(7), [*STAMPS[:3], *STAMPS[4:]]), {}, "series 'load': 1 value(s) missing, at 2024-01-01 03:00:00"),
        (
            lines(range(8), [*STAMPS[:6], "2024-01-01 05:30:00", STAMPS[6]]),
            {},
            "mixed frequencies: most steps are h, but mine.csv row 7 (2024-01-01 05:30:00) stand(s) between",
        ),
        (lines(range(8), [*STAMPS[:7], STAMPS[7] + "Z"]), {}, "some times have an offset and some have none"),
        (lines([""] * 8), {}, "series 'load' has no value (the first of its rows: mine.csv row 1"),
        (
            lines([f"{n},{n if n else ''}" for n in range(8)], header="timestamp,load,heat"),
            {"covariates": ["heat"], "gaps": "forward"},
            "begins with missing covariates",
        ),
        (lines([f"{n},{n}" for n in range(8)], header="timestamp,load,load"), {}, "2 columns are named 'load'"),
        (lines([f"{n},{n}" for n in range(8)], header="timestamp,load,"), {}, "column 3 has no name"),
        (lines([f"{n},5" for n in range(8)]), {}, "rows have more fields than the header"),
        (lines(range(8), [f"0{n}/01/2024" for n in range(1, 9)]), {}, "set reading.time_format"),
        (lines(range(8), [*STAMPS[:7], "9024-01-01 07:00:00"]), {}, "row 8 (9024-01-01 07:00:00) lie(s)"),
        (
            lines(
                [f"{n},{shop}" for shop in "ab" for n in range(4)], [*STAMPS[:4], *STAMPS[::2]], "timestamp,load,shop"
            ),
            {"series": "shop", "values": ["load"], "gaps": "forward"},
            "series 'b' comes every 2h, but series 'a' every h",
        ),
        (
            lines(range(8), [f"2024-03-{28 + n} 00:00" if n < 4 else f"2024-04-0{n - 3} 00:00" for n in range(8)]),
            {"time_zone": "Europe/Berlin"},
            "days of a local clock are not all as long",
        ),
        (
            lines([f"{n},{'' if n == 4 else n}" for n in range(8)], header="timestamp,load,heat"),
            {"covariates": ["heat"]},
            "series 'load': 1 value(s) missing, at 2024-01-01 04:00:00",
        ),
    ],
)
def test_what_is_refused_is_named(tmp_path, text, reading, message):
    with pytest.raises(UserError) as problem:
        raw(tmp_path, text, **reading)
    assert message in str(problem.value)


def test_an_hour_that_a_clock_skips_is_named(tmp_path):
    stamps = [f"2024-03-31 0{hour}:00:00" for hour in range(8)]
    with pytest.raises(UserError, match=r"row 3 \(2024-03-31 02:00:00\)"):
        raw(tmp_path, lines(range(8), stamps), time_zone="Europe/Berlin")


def test_other_files_are_named(tmp_path):
    with pytest.raises(
        UserError, match=r"the ending '\.doc' tells no format: set forecasting\.datasets\.mine\.reading"
    ):
        raw(tmp_path, "x", name="mine.doc")


def test_a_history_ends_with_its_last_value_and_covariates_go_on(tmp_path):
    text = lines([f"{n if n < 5 else ''},{n}" for n in range(8)], header="timestamp,load,heat")
    path = tmp_path / "new.csv"
    path.write_text(text)
    history, coming = read_history(path, Reading(covariates=("heat",)))
    assert list(history["value"]) == [0, 1, 2, 3, 4]
    assert list(coming["covariate.heat"]) == [5, 6, 7]


def test_what_stands_before_the_first_value_and_after_the_last_is_dropped_and_counted(tmp_path):
    table = raw(tmp_path, lines(["", "", 1, 2, "", 4, 5, ""]), gaps="forward")
    rows = table.rows.to_pandas()
    assert list(rows["value"]) == [1, 2, 2, 4, 5] and list(rows["row"]) == [3, 4, 5, 6, 7]
    assert table.rows_read == 8
    assert table.rows_dropped == {"before a series' first value": 2, "after a series' last value": 1}


def test_a_format_tells_day_from_month(tmp_path):
    stamps = [f"0{day}/04/2024 12:00" for day in range(1, 9)]
    rows = raw(tmp_path, lines(range(8), stamps), time_format="%d/%m/%Y %H:%M").rows.to_pandas()
    assert rows["timestamp"].iloc[-1] == pd.Timestamp("2024-04-08 12:00")


@pytest.mark.parametrize("ending", ["+01", "+0100", " +01:00"])
def test_short_offsets_are_understood(tmp_path, ending):
    rows = raw(tmp_path, lines(range(8), [stamp + ending for stamp in STAMPS])).rows.to_pandas()
    assert rows["timestamp"].iloc[0] == pd.Timestamp("2023-12-31 23:00", tz="UTC")


def test_each_series_of_a_long_table_has_its_own_clocks_change(tmp_path):
    local = pd.date_range("2024-10-27", periods=8, freq="h", tz="Europe/Berlin").tz_localize(None)
    stamps = [str(stamp) for stamp in local for _ in "ab"]
    text = lines([f"{n},{'ab'[n % 2]}" for n in range(16)], stamps, header="timestamp,load,shop")
    rows = raw(tmp_path, text, series="shop", values=["load"], time_zone="Europe/Berlin").rows.to_pandas()
    assert rows.groupby("series")["timestamp"].apply(lambda own: own.diff().dropna().nunique()).tolist() == [1, 1]


def parquet(frame: pd.DataFrame) -> bytes:
    """Return a Parquet file as pandas writes it."""
    content = io.BytesIO()
    frame.to_parquet(content)
    return content.getvalue()


def test_what_parquet_lacks_is_a_gap(tmp_path):
    frame = pd.DataFrame(
        {"timestamp": pd.to_datetime(STAMPS), "load": [1.0, 2, None, 4, 5, 6, 7, 8], "shop": ["a"] * 8}
    )
    reading = {"series": "shop", "values": ["load"], "gaps": "forward"}
    table = raw(tmp_path, parquet(frame), "mine.parquet", **reading)
    assert table.rows["filled"].to_pylist() == [False] * 2 + [True] + [False] * 5
    with pytest.raises(UserError, match=r"column 'shop' names no series in row 8 "):
        raw(tmp_path, parquet(frame.assign(shop=["a"] * 7 + [None])), "mine.parquet", **reading)


def test_a_time_index_that_pandas_wrote_into_parquet_is_a_column(tmp_path):
    frame = pd.DataFrame({"y": range(8)}, index=pd.DatetimeIndex(STAMPS, name="time"))
    table = raw(tmp_path, parquet(frame), "d.parquet", timestamp="time", values=["y"])
    assert table.rows["timestamp"].to_pylist() == list(pd.DatetimeIndex(STAMPS))
    assert table.rows["value"].to_pylist() == list(range(8))


def test_an_index_that_pandas_wrote_is_no_value(tmp_path):
    frame = pd.DataFrame({"timestamp": STAMPS, "y": range(8)}, index=[3, 1, 4, 15, 9, 2, 6, 5])
    assert list(raw(tmp_path, parquet(frame), "d.parquet").notes["series"]) == ["y"]
    assert b"__index_level_0__" in parquet(frame)


def test_times_by_type_need_no_format(tmp_path):
    frame = pd.DataFrame({"timestamp": pd.to_datetime(STAMPS), "y": range(8)})
    table = raw(tmp_path, parquet(frame), "d.parquet", time_format="%d.%m.%Y")
    assert table.rows["timestamp"].to_pylist() == list(pd.DatetimeIndex(STAMPS))


def test_csv_compressed_by_zstd_is_read_where_its_format_is_declared(tmp_path):
    content = pa.compress(lines(range(8)).encode(), "zstd", asbytes=True)
    table = raw(tmp_path, content, "d.csv.zst", format="csv", values=["load"])
    assert table.rows["value"].to_pylist() == list(range(8))


def test_json_lines_are_read(tmp_path):
    records = [json.dumps({"timestamp": stamp, "load": n if n != 2 else None}) for n, stamp in enumerate(STAMPS)]
    table = raw(tmp_path, "\n".join(records), "d.jsonl", gaps="forward")
    assert table.rows["value"].to_pylist() == [0, 1, 1, 3, 4, 5, 6, 7]


def test_batches_are_one_table(tmp_path, monkeypatch):
    text = lines([f"{n},{'' if n == 3 else n}" for n in range(8)], header="timestamp,load,heat")
    expected = raw(tmp_path, text, gaps="forward")
    monkeypatch.setattr(tables, "BATCH", 3)
    monkeypatch.setattr(delimited, "PIECE", 1)
    table = raw(tmp_path, text, gaps="forward")
    assert table.rows == expected.rows and table.files == expected.files


def test_all_faults_of_a_file_are_named_at_once(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BATCH", 2)
    monkeypatch.setattr(delimited, "PIECE", 1)
    text = lines([f"{n},{'?' if n % 3 else n}" for n in range(8)], header="timestamp,load,heat") + "2024,1\n"
    with pytest.raises(UserError) as problem:
        raw(tmp_path, text.replace(",5,", ",inf,"))
    assert "column 'heat' is no number in row 2 ('?'); row 3 ('?'); row 5 ('?'); row 6 ('?')" in str(problem.value)
    assert "column 'load' is not finite in row 6 ('inf')" in str(problem.value)
    assert "3 fields a row expected, but row 9 (line 10) has 2" in str(problem.value)


def test_an_empty_name_of_a_series_is_refused(tmp_path):
    text = lines([f"{n},{'' if n == 4 else 'a'}" for n in range(8)], header="timestamp,load,shop")
    with pytest.raises(UserError, match=r"column 'shop' names no series in row 5 \(''\): name it, or remove the row"):
        raw(tmp_path, text, series="shop", values=["load"])


def test_another_delimiter_is_named(tmp_path):
    text = lines([f"{n};1" for n in range(8)], header='"timestamp";"load";"heat"').replace(",", ";")
    with pytest.raises(UserError, match=r"separated by ';', not by ',': set forecasting\.datasets\.mine\.reading\.del"):
        raw(tmp_path, text)


def test_files_with_and_without_offsets_do_not_go_together(tmp_path):
    raw(tmp_path, lines(range(8)))
    with pytest.raises(UserError, match=r"other\.csv have an offset, those of .*mine\.csv have none"):
        raw(tmp_path, lines(range(8), [stamp + "Z" for stamp in STAMPS]), name="other.csv")


@pytest.mark.parametrize(
    "name, content", [("mine.csv.gz", b"\x1f\x8b\x08\x00"), ("mine.csv.zip", b"PK"), ("mine.csv.xz", b"?")]
)
def test_a_damaged_archive_is_named(tmp_path, name, content):
    with pytest.raises(UserError, match=f"{name} is damaged or not compressed by"):
        raw(tmp_path, content, name)


@pytest.mark.parametrize("frequency", ["0h", "-1D", "soon"])
def test_a_frequency_goes_forward(frequency):
    with pytest.raises(ValidationError, match="must be a frequency as pandas names it"):
        Reading(frequency=frequency)


def test_a_column_has_one_use():
    with pytest.raises(ValidationError, match="the column 'load' has two uses"):
        Reading(values=["load"], covariates=["load"])


DAYS = [str(day.date()) for day in pd.bdate_range("2020-01-01", periods=40)]


def test_business_days_of_which_one_is_a_holiday_lack_one_value(tmp_path):
    values, days = list(range(39)), DAYS[:20] + DAYS[21:]
    with pytest.raises(
        UserError, match=r"1 value\(s\) missing, at 2020-01-29 .*every B, of which 1 are missing, with D 17"
    ):
        raw(tmp_path, lines(values, days))
    table = raw(tmp_path, lines(values, days), gaps="forward")
    assert table.notes["frequency"] == "B" and table.notes["filled"] == {"load": 1} and table.rows.num_rows == 40


def test_one_frequency_is_inferred_from_the_rows_of_all_series(tmp_path):
    short = "".join(f"{day},a,1\n" for day in DAYS[3:7])  # from a Monday to a Thursday: by itself it might be of days
    text = "timestamp,shop,load\n" + short + "".join(f"{day},b,{n}\n" for n, day in enumerate(DAYS))
    table = raw(tmp_path, text, series="shop")
    assert table.notes["frequency"] == "B" and table.rows.to_pandas().attrs["frequency"] == "B"


@pytest.mark.parametrize(
    ("stamps", "frequency"),
    [
        ([f"2020-{month:02}-15" for month in range(1, 9)], "MS+14D"),
        ([f"202{month // 12}-{month % 12 + 1:02}-15" for month in range(0, 16, 2)], "2MS+14D"),
        (list(map(str, pd.date_range("2020-01-31", periods=8, freq="ME"))), "ME"),
        (list(map(str, pd.date_range("2020-01-02", periods=8, freq="W-THU"))), "W-THU"),
        (list(map(str, pd.date_range("2020-02-01", periods=8, freq="QS-FEB"))), "QS-FEB"),
        ([f"20{year}-03-10" for year in range(20, 28)], "YS-MAR+9D"),
        (list(map(str, pd.date_range("2020-01-01", periods=8, freq="BME"))), "BME"),
    ],
)
def test_months_quarters_and_years_may_begin_on_any_day(tmp_path, stamps, frequency):
    assert raw(tmp_path, lines(range(8), stamps)).notes["frequency"] == frequency


@pytest.mark.parametrize("word", ["monthly", "MS+14D"])
def test_a_frequency_may_be_declared_in_words(tmp_path, word):
    stamps = [f"2020-{month:02}-15" for month in range(1, 9)]
    assert raw(tmp_path, lines(range(8), stamps), frequency=word).notes["frequency"] == "MS+14D"


def test_whole_numbers_count_steps_unless_a_format_says_otherwise(tmp_path):
    text = lines(range(8), range(1996, 2004))
    table = raw(tmp_path, text)
    assert table.notes["frequency"] == "step"
    stamps = table.rows.to_pandas()["timestamp"]
    assert (stamps.diff()[1:] == pd.Timedelta(days=1)).all() and stamps[0] == pd.Timestamp(0) + pd.Timedelta(days=1996)
    assert raw(tmp_path, text, time_format="%Y").notes["frequency"] == "YS-JAN"
    with pytest.raises(UserError, match=r"row 1 \(1700000000\): whole numbers count steps, but this is too large"):
        raw(tmp_path, lines(range(8), range(1_700_000_000, 1_700_000_008)))


def test_steps_may_have_gaps(tmp_path):
    table = raw(tmp_path, lines(range(7), [1, 2, 3, 4, 5, 8, 9]), gaps="interpolate")
    assert table.rows.num_rows == 9 and table.notes["frequency"] == "step"


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("year,month,day,hour", lambda stamp: f"{stamp.year},{stamp.month},{stamp.day},{stamp.hour}"),
        ("day,time", lambda stamp: f"{stamp:%Y-%m-%d},{stamp:%H:%M}"),
    ],
)
def test_a_time_may_stand_in_several_columns(tmp_path, header, row):
    stamps = pd.to_datetime(STAMPS)
    text = f"{header},load\n" + "".join(f"{row(stamp)},{n}\n" for n, stamp in enumerate(stamps))
    table = raw(tmp_path, text, timestamp=header.split(","))
    assert table.rows.to_pandas()["timestamp"].tolist() == stamps.tolist() and table.notes["series"] == {"load": 8}


AUTUMN = [*("01:00", "01:30"), *sorted(["02:00", "02:30"] * 2), *("03:00", "03:30")]


@pytest.mark.parametrize(
    ("clock", "rule", "utc"),
    [
        (AUTUMN, "first", ["23:00", "23:30", "00:00", "00:30", "01:00", "01:30", "02:00", "02:30"]),
        (["01:00", "01:30", "02:00", "02:30", "03:00"], "first", ["23:00", "23:30", "00:00", "00:30", "02:00"]),
        (["01:00", "01:30", "02:00", "02:30", "03:00"], "second", ["23:00", "23:30", "01:00", "01:30", "02:00"]),
    ],
)
def test_an_hour_that_a_clock_shows_twice_has_a_rule(tmp_path, clock, rule, utc):
    stamps = [f"2021-10-31 {time}" for time in clock]
    text = lines(range(len(stamps)), stamps)
    with pytest.raises(UserError, match=r"set reading\.repeated_hour to first or second"):
        raw(tmp_path, text, time_zone="Europe/Berlin")
    rows = raw(tmp_path, text, time_zone="Europe/Berlin", repeated_hour=rule, gaps="interpolate").rows.to_pandas()
    assert rows[~rows["filled"]]["timestamp"].dt.strftime("%H:%M").tolist() == utc


def test_files_with_the_same_column_are_parts_of_a_series_or_series_of_their_own(tmp_path):
    raw(tmp_path, lines(range(4), STAMPS[:4]), name="north.csv")
    later = lines(range(4), STAMPS[4:])
    with pytest.raises(
        UserError, match=r"north\.csv and .*south\.csv both have the column 'load': set .*reading\.files"
    ):
        raw(tmp_path, later, name="south.csv")
    assert raw(tmp_path, later, name="south.csv", files="join").notes["series"] == {"load": 8}
    assert raw(tmp_path, later, name="south.csv", files="series").notes["series"] == {"north": 4, "south": 4}


def test_all_unfit_series_are_named_at_once_or_dropped_and_counted(tmp_path):
    rows = {"a": range(8), "b": [0, 1, 2, 2, 4, 5, 6, 7], "c": [0, 1, 3, 2, 4, 5, 6, 7]}
    text = "timestamp,shop,load\n" + "".join(f"{STAMPS[n]},{shop},{n}\n" for shop in rows for n in rows[shop])
    text += "".join(f"{stamp},d,\n" for stamp in STAMPS)
    with pytest.raises(UserError) as problem:
        raw(tmp_path, text, series="shop")
    for words in ("3 of 4 series cannot be used", "series 'b': ", "series 'c': ", "series 'd' has no value", "to drop"):
        assert words in str(problem.value)
    table = raw(tmp_path, text, series="shop", unfit_series="drop")
    assert table.notes["series"] == {"a": 8} and table.rows_read == 32
    assert table.rows_dropped == {
        "of a series with a time twice": 8,
        "of a series out of order": 8,
        "of a series without a value": 8,
    }


def test_a_value_of_a_dropped_series_counts_once(tmp_path):
    text = "timestamp,shop,load\n" + "".join(f"{stamp},a,1\n" for stamp in STAMPS[:5])
    text += "".join(f"{stamp},b,{'' if n in (0, 2, 5) else n}\n" for n, stamp in enumerate(STAMPS[:6]))
    table = raw(tmp_path, text, series="shop", unfit_series="drop", rows=5)
    assert table.rows_dropped == {"of a series with missing values": 6}  # not again as beyond rows, or before the first
    assert table.rows.num_rows + sum(table.rows_dropped.values()) == table.rows_read
