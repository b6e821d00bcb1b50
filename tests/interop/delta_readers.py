"""Readers of Delta tables for delta.ts: requests by line on stdin, answers behind "=> ".

{"op": ..., "engine": "delta-rs" | "duckdb" | "spark", ...}; argument: a folder of jars for Spark, or nothing.
"""

import datetime
import decimal
import json
import math
import os
import sys
import time


decimal.getcontext().prec = 76


def plain(value):
    """Values that every engine has alike, as JSON."""
    if isinstance(value, decimal.Decimal):
        # Spark's zeros at the end are more than the type has.
        return format(value.normalize(), "f")
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            value = value.astimezone(datetime.timezone.utc).replace(tzinfo=None)
        return value.isoformat(timespec="microseconds")
    if isinstance(value, datetime.date):
        return value.isoformat()
    if isinstance(value, (bytes, bytearray, memoryview)):
        return bytes(value).hex()
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return str(value)
    return value


def named(names, rows):
    return [{name: plain(value) for name, value in zip(names, row)} for row in rows]


class DeltaRs:
    def sql(self, path, sql, version=None):
        from deltalake import DeltaTable, QueryBuilder

        table = DeltaTable(path, version=version)
        rows = QueryBuilder().register("t", table).execute(sql).read_all()
        found = rows.to_struct_array().to_pylist()
        return [{name: plain(value) for name, value in row.items()} for row in found]

    def compact(self, path):
        from deltalake import DeltaTable

        table = DeltaTable(path)
        table.optimize.compact()
        table.create_checkpoint()


class DuckDb:
    def __init__(self):
        import duckdb
        import duckdb_extension_delta

        folder = os.path.dirname(duckdb_extension_delta.__file__)
        file = f"{folder}/extensions/v{duckdb.__version__}/delta.duckdb_extension"
        self.connection = duckdb.connect()
        self.connection.execute(f"LOAD '{file}'")
        self.connection.execute("SET TimeZone = 'UTC'")

    def sql(self, path, sql, version=None):
        at = "" if version is None else f", version := {version}"
        self.connection.execute(f"CREATE OR REPLACE TEMP VIEW t AS SELECT * FROM delta_scan('{path}'{at})")
        cursor = self.connection.execute(sql)
        return named([column[0] for column in cursor.description], cursor.fetchall())


class Spark:
    def __init__(self):
        from pyspark.sql import SparkSession

        folder = sys.argv[1]
        jars = ",".join(os.path.join(folder, name) for name in sorted(os.listdir(folder)))
        catalog = "org.apache.spark.sql.delta.catalog.DeltaCatalog"
        self.session = (
            SparkSession.builder.master("local[1]")
            .config("spark.jars", jars)
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.driver.memory", "1g")
            .config("spark.sql.session.timeZone", "UTC")
            # Else it asks which calendar dates before 1582 are of.
            .config("spark.sql.parquet.datetimeRebaseModeInRead", "CORRECTED")
            .config("spark.sql.warehouse.dir", os.path.join(os.getcwd(), "warehouse"))
            .config("spark.sql.extensions", "io.delta.sql.DeltaSparkSessionExtension")
            .config("spark.sql.catalog.spark_catalog", catalog)
            .getOrCreate()
        )
        self.session.sparkContext.setLogLevel("OFF")

    def sql(self, path, sql, version=None):
        reader = self.session.read.format("delta")
        if version is not None:
            reader = reader.option("versionAsOf", version)
        reader.load(path).createOrReplaceTempView("t")
        found = self.session.sql(sql)
        return named(found.columns, [tuple(row) for row in found.collect()])

    def execute(self, path, sql):
        """`sql` with the table as delta.`path` where it says {t}."""
        self.session.sql(sql.replace("{t}", f"delta.`{path}`")).collect()

    def checkpoint(self, path):
        jvm = self.session._jvm
        log = jvm.org.apache.spark.sql.delta.DeltaLog.forTable(self.session._jsparkSession, path)
        log.checkpoint()


ENGINES = {"delta-rs": DeltaRs, "duckdb": DuckDb, "spark": Spark}


def main():
    # Spark gives instants in the zone of the process.
    os.environ["TZ"] = "UTC"
    time.tzset()
    engines = {}
    for line in sys.stdin:
        request = json.loads(line)
        name, operation = request.pop("engine"), request.pop("op")
        try:
            if name not in engines:
                engines[name] = ENGINES[name]()
            answer = {"ok": getattr(engines[name], operation)(**request)}
        except Exception as error:
            answer = {"error": f"{name}: {type(error).__name__}: {error}"[:2000]}
        print("=> " + json.dumps(answer), flush=True)


main()
