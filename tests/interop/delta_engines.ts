/** Engines that read Delta tables: delta-rs, DuckDB and Spark, in a Python that is started once. */
import { join } from "node:path";
import { mavenJars } from "./iceberg_maven.ts";
import { output, Reader } from "./iceberg_readers.ts";

export const ENGINES = ["delta-rs", "duckdb", "spark"] as const;
export type EngineName = typeof ENGINES[number];

const PACKAGES = [
  "deltalake==1.6.6",
  "duckdb==1.5.5",
  "duckdb-extension-delta==1.5.5",
  "pytz==2026.6",
];
/** Pairs of one version of Spark. */
const SPARK_PACKAGES = ["pyspark==3.5.7"];
const DELTA = ["io.delta", "delta-spark_2.12", "3.2.1"] as const;
const DELTA_JARS = [
  DELTA,
  ["io.delta", "delta-storage", "3.2.1"],
  ["org.antlr", "antlr4-runtime", "4.9.3"],
] as const;

export type Row = Readonly<Record<string, unknown>>;

/** One of the engines. */
export class Engine {
  readonly name: EngineName;
  readonly #reader: Reader;

  constructor(name: EngineName, reader: Reader) {
    this.name = name;
    this.#reader = reader;
  }

  #ask<T>(op: string, request: Readonly<Record<string, unknown>>): Promise<T> {
    return this.#reader.ask(op, { engine: this.name, ...request });
  }

  /** Of the table `t` at the path. */
  sql(path: string, sql: string, version?: number): Promise<readonly Row[]> {
    return this.#ask("sql", { path, sql, ...(version === undefined ? {} : { version }) });
  }

  async ids(path: string, version?: number): Promise<number[]> {
    const rows = await this.sql(path, "SELECT id FROM t ORDER BY id", version);
    return rows.map(({ id }) => Number(id));
  }

  /** delta-rs: fewer files, and a checkpoint. */
  compact(path: string): Promise<void> {
    return this.#ask("compact", { path });
  }

  /** Spark: a statement about the table `{t}`. */
  execute(path: string, sql: string): Promise<void> {
    return this.#ask("execute", { path, sql });
  }

  /** Spark's, of what it has read last. */
  checkpoint(path: string): Promise<void> {
    return this.#ask("checkpoint", { path });
  }
}

/** Only the artifacts themselves: Spark has what they need. */
async function sparkJars(dir: string): Promise<string> {
  const given = Deno.env.get("RIVET_INTEROP_DELTA_JARS");
  if (given !== undefined) return given;
  const all = await mavenJars(join(dir, "delta"), DELTA_JARS);
  const jars = join(dir, "delta-jars");
  await Deno.mkdir(jars);
  for (const [, artifact, version] of DELTA_JARS) {
    const name = `${artifact}-${version}.jar`;
    await Deno.copyFile(join(all, name), join(jars, name));
  }
  return jars;
}

async function python(dir: string, names: readonly EngineName[]): Promise<string> {
  const given = Deno.env.get("RIVET_INTEROP_PYTHON");
  if (given !== undefined) return given;
  const packages = names.includes("spark") ? [...PACKAGES, ...SPARK_PACKAGES] : PACKAGES;
  await output("python3", ["-m", "venv", join(dir, "venv")]);
  await output(join(dir, "venv/bin/pip"), ["install", "--quiet", ...packages]);
  return join(dir, "venv/bin/python");
}

/** @param dir for what is downloaded. */
export async function withEngines(
  dir: string,
  names: readonly EngineName[],
  body: (engines: readonly Engine[]) => Promise<void>,
): Promise<void> {
  const jars = names.includes("spark") ? await sparkJars(dir) : "";
  const reader = new Reader(await python(dir, names), "delta_readers.py", [jars]);
  try {
    await body(names.map((name) => new Engine(name, reader)));
  } finally {
    await reader.close();
  }
}
