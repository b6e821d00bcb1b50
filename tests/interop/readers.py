"""Executes every Python block of docs/reading.md in the folder of the sample, and judges what it read.

Arguments: the page, the folder, the number of rows, and the one-column exports as JSON.
"""
import csv
import datetime
import glob
import json
import os
import re
import sys

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

PAGE, FOLDER, ROWS, ONE_COLUMN = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
FIRST = datetime.datetime(2026, 1, 30, 7, 15, 30)
failures = []


def records(read):
    """Rows as dictionaries, whatever the reader calls its table."""
    if isinstance(read, bytes) or type(read).__module__.startswith("chdb"):
        data = read if isinstance(read, bytes) else read.bytes()
        return pa.ipc.open_file(pa.BufferReader(data)).read_all().to_pylist()
    if hasattr(read, "to_pylist"):
        return read.to_pylist()
    if hasattr(read, "to_dicts"):
        return read.to_dicts()
    if isinstance(read, pd.DataFrame):
        return read.astype(object).where(read.notna(), None).to_dict("records")
    return [row.asDict() if hasattr(row, "asDict") else row for row in
            (read.collect() if type(read).__module__.startswith("pyspark") else read.to_pylist())]


def time_of(value):
    """CSV has no types: a reader may leave a time as text."""
    if value is None or value == "":
        return None
    if isinstance(value, str):
        return datetime.datetime.fromisoformat(value)
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime()
    return value.replace(tzinfo=None)


def judge(what, read):
    rows = sorted(records(read), key=lambda row: row["id"])
    assert [row["id"] for row in rows] == list(range(1, ROWS + 1)), f"{len(rows)} rows"
    for row in rows:
        n = row["id"]
        wanted = None if n % 10 == 0 else FIRST + datetime.timedelta(hours=12 * n)
        got = time_of(row["created_at"])
        assert got == wanted, f"row {n}: {got!r}, stored is {wanted!r}"
        assert float(row["amount"]) == n * 1.25, f"row {n}: {row['amount']!r}"
        if n % 3 == 2:
            assert row["note"] == f"note {n}", f"row {n}: {row['note']!r}"


def attempt(what, work):
    try:
        work()
        print(f"ok      {what}")
    except Exception as error:  # every reader is to be heard, whatever it raises
        failures.append(what)
        print(f"FAILED  {what}: {type(error).__name__}: {str(error)[:400]}")


def run_block(what, code):
    names = {}
    exec(compile(code, what, "exec"), names)
    read = [name for name in ("orders", "events") if name in names]
    assert read, "the block reads neither orders nor events"
    for name in read:
        judge(f"{what} {name}", names[name])


os.chdir(FOLDER)
with open(PAGE, encoding="utf-8") as page:
    text = page.read()
found = list(re.finditer(r"^```python\n(.*?)^```$", text, re.M | re.S))
assert len(found) >= 10, f"{len(found)} Python blocks"
for match in found:
    line = text.count("\n", 0, match.start()) + 1
    heading = re.findall(r"^## (.*)$", text[: match.start()], re.M)[-1]
    what = f"docs/reading.md:{line} {heading}"
    attempt(what, lambda: run_block(what, match.group(1)))

ONE_COLUMN_READERS = {
    "csv.DictReader": lambda path: len(list(csv.DictReader(open(path, encoding="utf-8", newline="")))),
    "pandas": lambda path: len(pd.read_csv(path)),
    "pyarrow": lambda path: pyarrow.csv.read_csv(path).num_rows,
    "polars": lambda path: len(pl.read_csv(path)),
}


def counts(name, read, wanted):
    [path] = glob.glob(f"output/{name}/*.csv")
    assert read(path) == wanted, f"{read(path)} rows of {wanted}"


for name, values in ONE_COLUMN.items():
    for reader, read in ONE_COLUMN_READERS.items():
        attempt(f"one column, {name}: {reader}", lambda: counts(name, read, len(values)))



def first_page(path):
    """Where the first column's pages begin."""
    chunk = pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(0)
    return chunk.dictionary_page_offset or chunk.data_page_offset


def checksums(path):
    read = pyarrow.parquet.read_table(path, page_checksum_verification=True)
    assert read.num_rows > 0, "no rows"
    damaged = bytearray(open(path, "rb").read())
    chunk = pyarrow.parquet.ParquetFile(path).metadata.row_group(0).column(0)
    damaged[first_page(path) + chunk.total_compressed_size - 1] ^= 1
    try:
        pyarrow.parquet.read_table(pa.BufferReader(damaged), page_checksum_verification=True)
    except Exception as error:
        assert "CRC" in str(error) or "crc" in str(error), f"refused for another reason: {error}"
    else:
        raise AssertionError("a page with another byte was read")


files = sorted(glob.glob("output/**/*.parquet", recursive=True))
assert len(files) >= 1, "no Parquet file"
attempt(f"pyarrow verifies the checksums of {len(files)} files", lambda: [checksums(path) for path in files])

print(f"{len(failures)} failed")
sys.exit(1 if failures else 0)
