"""Reads Iceberg tables with pyiceberg and DuckDB, and compares both with the source.

Requests come as lines of JSON on stdin, answers go to stdout behind `=> `. A table is a folder, or
"CATALOG_URI IDENTIFIER"; what is expected is JSON of PostgreSQL's to_jsonb, ordered by id.
"""

import datetime
import glob
import json
import math
import os
import sys
import traceback
from decimal import Decimal


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
    # Readers that know no such type were given its text.
    if isinstance(value, str) and name in ("day", "clock", "at", "atz"):
        value = expected_value(name, f"{value}+00:00" if name == "atz" else value)
    if name == "atz":
        return value.astimezone(datetime.timezone.utc)
    if isinstance(value, (memoryview, bytearray)):
        return bytes(value)
    return value


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


# What bounds and partitions let readers skip must not be what they look for.
FILTERED = ("name", "d9", "at", "day", "atz", "id", "i2", "d38", "key")


def filtered(expected):
    """Each kind of row once is enough."""
    some = expected if len(expected) <= 8 else expected[:4] + expected[-4:]
    for row in some:
        for name in FILTERED:
            yield row["id"], name, expected_value(name, row[name])


def open_table(name):
    from pyiceberg.catalog.rest import RestCatalog
    from pyiceberg.table import StaticTable

    if " " not in name:
        return StaticTable.from_metadata(name)
    uri, identifier = name.split(" ")
    return RestCatalog("rest", uri=uri).load_table(identifier)


class Duck:
    def __init__(self):
        import duckdb
        import duckdb_extension_avro
        import duckdb_extension_iceberg

        self.connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        for package in (duckdb_extension_avro, duckdb_extension_iceberg):
            folder = os.path.dirname(package.__file__)
            for path in glob.glob(folder + "/**/*.duckdb_extension", recursive=True):
                self.connection.execute(f"LOAD '{path}'")
        self.connection.execute("SET TimeZone = 'UTC'")

    def rows(self, metadata, columns, where="true"):
        names = ", ".join(f'"{c}"' for c in columns)
        sql = f"SELECT {names} FROM iceberg_scan('{metadata}') WHERE {where} ORDER BY id"
        return [dict(zip(columns, row)) for row in self.connection.execute(sql).fetchall()]


class Readers:
    def __init__(self):
        self.duck = Duck()

    def check(self, request):
        from pyiceberg.expressions import EqualTo, IsNull

        table, expected = open_table(request["table"]), load(request["expected"])
        columns = [field.name for field in table.schema().fields]
        found = table.scan().to_arrow().sort_by("id").to_pylist()
        compare("pyiceberg", expected, found, columns)
        metadata = table.metadata_location
        compare("duckdb", expected, self.duck.rows(metadata, columns), columns)
        for id, name, value in filtered(expected):
            # pyarrow compares no UUIDs, and pyiceberg no decimals with text.
            if name not in ("d9", "d38", "key"):
                text = value.isoformat() if hasattr(value, "isoformat") else value
                wanted = IsNull(name) if value is None else EqualTo(name, text)
                ids = table.scan(row_filter=wanted).select("id").to_arrow()["id"].to_pylist()
                assert id in ids, ("pyiceberg filter", name, value, ids)
            literal = "IS NULL" if value is None else f"= '{str(value)}'"
            ids = [r["id"] for r in self.duck.rows(metadata, ["id"], f'"{name}" {literal}')]
            assert id in ids, ("duckdb filter", name, value, ids)
        return f"{len(expected)} rows, {len(columns)} columns, {len(table.metadata.snapshots)} snapshots"

    def history(self, request):
        table = open_table(request["table"])
        ids = [snapshot.snapshot_id for snapshot in table.metadata.snapshots]
        return [len(table.scan(snapshot_id=i).to_arrow()) for i in ids]


def serve(target):
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"ok": getattr(target, request["op"])(request)}
        except Exception:
            answer = {"error": traceback.format_exc()}
        print("=> " + json.dumps(answer), flush=True)


if __name__ == "__main__":
    serve(Readers())
