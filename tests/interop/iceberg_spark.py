"""Reads and writes Iceberg tables with Spark; see iceberg.py for how it is asked.

iceberg_spark.py JAR REST_URI WAREHOUSE: a table is named as Spark names it, in the catalogs `rest` and `folder`.
"""

import os
import sys

os.environ["TZ"] = "UTC"

from pyspark.sql import SparkSession

from iceberg import compare, filtered, load, serve

EXTENSIONS = "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions"
CATALOG = "org.apache.iceberg.spark.SparkCatalog"


def start(jar, uri, warehouse):
    settings = {
        "spark.jars": jar,
        "spark.ui.enabled": "false",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.extensions": EXTENSIONS,
        "spark.sql.catalog.folder": CATALOG,
        "spark.sql.catalog.folder.type": "hadoop",
        "spark.sql.catalog.folder.warehouse": warehouse,
        "spark.sql.catalog.folder.cache-enabled": "false",
        "spark.sql.catalog.rest": CATALOG,
        "spark.sql.catalog.rest.type": "rest",
        "spark.sql.catalog.rest.uri": uri,
        "spark.sql.catalog.rest.cache-enabled": "false",
        "spark.sql.ansi.enabled": "false",
        "spark.driver.memory": "1g",
    }
    builder = SparkSession.builder.master("local[1]")
    for key, value in settings.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


class Spark:
    def __init__(self, session):
        self.session = session

    def columns(self, table):
        return [(field.name, field.dataType.simpleString()) for field in self.session.table(table).schema]

    def rows(self, table, where="true"):
        # Python's dates are not all of Spark's.
        shown = [
            f"CAST({name} AS STRING) AS {name}" if type in ("date", "timestamp", "timestamp_ntz") else name
            for name, type in self.columns(table)
        ]
        sql = f"SELECT {', '.join(shown)} FROM {table} WHERE {where} ORDER BY id"
        return [row.asDict() for row in self.session.sql(sql).collect()]

    def check(self, request):
        table, expected = request["table"], load(request["expected"])
        names = [name for name, _ in self.columns(table)]
        compare("spark", expected, self.rows(table), names)
        for id, name, value in filtered(expected):
            if value is None:
                where = f"{name} IS NULL"
            elif name in ("d9", "d38"):
                where = f"{name} = {value}BD"
            elif name in ("at", "atz", "day"):
                type = {"at": "TIMESTAMP_NTZ", "atz": "TIMESTAMP", "day": "DATE"}[name]
                where = f"{name} = {type} '{value.isoformat()}'"
            else:
                where = f"{name} = {value!r}" if isinstance(value, int) else f"{name} = '{value}'"
            ids = [row[0] for row in self.session.sql(f"SELECT id FROM {table} WHERE {where}").collect()]
            assert id in ids, ("spark filter", name, value, ids)
        return f"{len(expected)} rows, {len(names)} columns"

    def history(self, request):
        table = request["table"]
        ids = self.session.sql(f"SELECT snapshot_id FROM {table}.snapshots ORDER BY committed_at").collect()
        return [
            self.session.sql(f"SELECT count(*) FROM {table} VERSION AS OF {id}").collect()[0][0]
            for (id,) in ids
        ]

    def sql(self, request):
        return [[str(value) for value in row] for row in self.session.sql(request["sql"]).collect()]

    def planned(self, request):
        """How many files Iceberg's planning leaves of a filter `column = value`."""
        jvm = self.session._jvm
        table = jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(
            self.session._jsparkSession, request["table"]
        )
        wanted = jvm.org.apache.iceberg.expressions.Expressions.equal(request["column"], request["value"])
        files, iterator = 0, table.newScan().filter(wanted).planFiles().iterator()
        while iterator.hasNext():
            iterator.next()
            files += 1
        return files


if __name__ == "__main__":
    serve(Spark(start(*sys.argv[1:])))
