"""Reads an Iceberg table with pyiceberg and DuckDB, and compares both with the source.

iceberg.py TABLE EXPECTED | iceberg.py TABLE history
TABLE: a folder, or "CATALOG_URI IDENTIFIER". EXPECTED: JSON of PostgreSQL's to_jsonb, ordered by id.
"""

import datetime
import glob
import json
import math
import os
import sys
from decimal import Decimal

import duckdb
import duckdb_extension_avro
import duckdb_extension_iceberg
from pyiceberg.catalog.rest import RestCatalog
from pyiceberg.expressions import EqualTo, IsNull
from pyiceberg.table import StaticTable

def open_table(name):
    if " " not in name:
        return StaticTable.from_metadata(name)
    uri, identifier = name.split(" ")
    return RestCatalog("rest", uri=uri).load_table(identifier)


def duck(metadata, columns, where="true"):
    connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
    for package in (duckdb_extension_avro, duckdb_extension_iceberg):
        for path in glob.glob(os.path.dirname(package.__file__) + "/**/*.duckdb_extension", recursive=True):
            connection.execute(f"LOAD '{path}'")
    connection.execute("SET TimeZone = 'UTC'")
    names = ", ".join(f'"{c}"' for c in columns)
    sql = f"SELECT {names} FROM iceberg_scan('{metadata}') WHERE {where} ORDER BY id"
    rows = connection.execute(sql).fetchall()
    return [dict(zip(columns, row)) for row in rows]


def plain(value):
    if isinstance(value, memoryview):
        return bytes(value)
    return value


def expected_value(name, value):
    if value is None:
        return None
    if name in ("f4", "f8"):
        return float(value)
    if name in ("d9", "d18", "d38"):
        return Decimal(str(value))
    if name == "day":
        return datetime.date.fromisoformat(value)
    if name == "clock":
        return datetime.time.fromisoformat(value)
    if name == "at":
        return datetime.datetime.fromisoformat(value)
    if name == "atz":
        return datetime.datetime.fromisoformat(value).astimezone(datetime.timezone.utc)
    if name == "bin":
        return bytes.fromhex(value[2:])
    if name == "doc":
        return json.loads(json.dumps(value))
    return value


def found_value(name, value):
    if value is None:
        return None
    if name == "doc":
        return json.loads(value)
    if name == "key":
        return str(value)
    if name == "atz" and isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc)
    return plain(value)


def same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        if math.isnan(a) or math.isnan(b):
            return math.isnan(a) and math.isnan(b)
        return a == b or abs(a - b) <= 1e-7 * abs(a)
    return a == b


def compare(reader, expected, rows, columns):
    assert len(rows) == len(expected), f"{reader}: {len(rows)} rows, {len(expected)} at the source"
    for want, got in zip(expected, rows):
        for name in columns:
            # An interval's text is not PostgreSQL's.
            if name == "span":
                assert (want[name] is None) == (got[name] is None), (reader, want["id"], name)
                continue
            a, b = expected_value(name, want.get(name)), found_value(name, got[name])
            assert same(a, b), (reader, want["id"], name, a, b)


def load(path):
    with open(path) as file:
        return json.load(file, parse_float=Decimal)


def main():
    table = open_table(sys.argv[1])
    if sys.argv[2] == "history":
        ids = [snapshot.snapshot_id for snapshot in table.metadata.snapshots]
        print(json.dumps([len(table.scan(snapshot_id=i).to_arrow()) for i in ids]))
        return
    expected = load(sys.argv[2])
    columns = [field.name for field in table.schema().fields]
    found = table.scan().to_arrow().sort_by("id").to_pylist()
    compare("pyiceberg", expected, found, columns)
    metadata = table.metadata_location
    compare("duckdb", expected, duck(metadata, columns), columns)
    # What bounds and partitions let readers skip must not be what they look for.
    for row in expected:
        for name in ("name", "d9", "at", "day", "atz", "id", "i2", "d38", "key"):
            value = expected_value(name, row[name])
            # pyarrow compares no UUIDs, and pyiceberg no decimals with text.
            if name not in ("d9", "d38", "key"):
                text = value.isoformat() if hasattr(value, "isoformat") else value
                wanted = IsNull(name) if value is None else EqualTo(name, text)
                ids = table.scan(row_filter=wanted).select("id").to_arrow()["id"].to_pylist()
                assert row["id"] in ids, ("pyiceberg filter", name, value, ids)
            literal = "IS NULL" if value is None else f"= '{str(value)}'"
            ids = [r["id"] for r in duck(metadata, ["id"], f'"{name}" {literal}')]
            assert row["id"] in ids, ("duckdb filter", name, value, ids)
    print(f"{len(expected)} rows, {len(columns)} columns, {len(table.metadata.snapshots)} snapshots")


main()
