/**
 * Other tools at the same job: a table of PostgreSQL to one Parquet file with zstd 3. Those of PyPI live
 * in a Python environment of their own under `bench/out`, made by `--install`, others are found on PATH;
 * those that are not there are named and left out.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What `measure` runs; it leaves Parquet files below the job's folder `out`. */
export interface PeerCommand {
  readonly command: string;
  readonly args: readonly string[];
}

export interface Peer {
  readonly name: string;
  /** PyPI packages, each with its exact version; of a program on PATH what it says of itself. */
  readonly packages: readonly string[];
  /** A program that has to be on PATH, and how to get it: PyPI does not have it. */
  readonly onPath?: { readonly program: string; readonly from: string };
  /** Prepares what it needs in `dir` and says how to run it. */
  prepare(job: PeerJob): Promise<PeerCommand>;
}

export interface PeerJob {
  readonly url: string;
  readonly table: string;
  /** A folder for configuration; the files go to its folder `out`. */
  readonly dir: string;
}

const ENVIRONMENT = fileURLToPath(new URL("./out/peers", import.meta.url));

const python = (code: (job: PeerJob) => string) => async (job: PeerJob): Promise<PeerCommand> => {
  const script = join(job.dir, "peer.py");
  await Deno.writeTextFile(script, code(job));
  return { command: join(ENVIRONMENT, "bin/python"), args: [script] };
};

const rust = (settings: string) => async ({ url, table, dir }: PeerJob): Promise<PeerCommand> => {
  const config = join(dir, "rivet.yaml");
  await Deno.writeTextFile(
    config,
    `source:\n  type: postgres\n  url: "${url}"\n  tls: {mode: disable}\n  tuning: {profile: fast}\n` +
      `exports:\n  - name: bench\n    table: ${table}\n    format: parquet\n    ${settings}\n` +
      `    destination: {type: local, path: ${join(dir, "out")}}\n`,
  );
  return { command: join(ENVIRONMENT, "bin/rivet"), args: ["run", "-c", config] };
};

/** psqlodbc gives booleans as text and holds all rows in memory, if it is not told otherwise. */
const odbc = ({ url, table, dir }: PeerJob): Promise<PeerCommand> => {
  const { hostname, port, pathname, username, password } = new URL(url);
  const connection = [
    "Driver={PostgreSQL Unicode}",
    `Server=${hostname}`,
    `Port=${port || "5432"}`,
    `Database=${pathname.slice(1)}`,
    `Uid=${decodeURIComponent(username)}`,
    `Pwd={${decodeURIComponent(password).replaceAll("}", "}}")}}`,
    "SSLMode=disable;BoolsAsChar=0;UseDeclareFetch=1;Fetch=10000",
  ].join(";");
  const out = join(dir, "out/rows.parquet");
  const select = `SELECT * FROM ${table}`;
  return Promise.resolve({
    command: "odbc2parquet",
    args: ["query", "--connection-string", connection, out, select],
  });
};

const RUST = ["rivet-cli==0.32.2"];

export const PEERS: readonly Peer[] = [
  { name: "rivet-cli (Rust): full", packages: RUST, prepare: rust("mode: full") },
  {
    name: "rivet-cli (Rust): chunked",
    packages: RUST,
    prepare: rust("mode: chunked\n    chunk_column: id"),
  },
  {
    name: "rivet-cli (Rust): parallel 2",
    packages: RUST,
    prepare: rust("mode: chunked\n    chunk_column: id\n    parallel: 2"),
  },
  {
    name: "ConnectorX + pyarrow",
    packages: ["connectorx==0.4.6", "pyarrow==26.0.1"],
    prepare: python(({ url, table, dir }) =>
      `import connectorx as cx, pyarrow.parquet as pq\n` +
      `rows = cx.read_sql("${url}", "SELECT * FROM ${table}", return_type="arrow")\n` +
      `pq.write_table(rows, "${dir}/out/rows.parquet", compression="zstd", compression_level=3)\n`
    ),
  },
  {
    name: "ADBC + pyarrow",
    packages: ["adbc-driver-postgresql==1.13.0", "pyarrow==26.0.1"],
    prepare: python(({ url, table, dir }) =>
      `import adbc_driver_postgresql.dbapi as db, pyarrow.parquet as pq\n` +
      `with db.connect("${url}") as connection, connection.cursor() as cursor:\n` +
      `    cursor.execute("SELECT * FROM ${table}")\n` +
      `    rows = cursor.fetch_record_batch()\n` +
      `    with pq.ParquetWriter("${dir}/out/rows.parquet", rows.schema, compression="zstd", compression_level=3) as out:\n` +
      `        for batch in rows: out.write_batch(batch)\n`
    ),
  },
  {
    name: "dlt (pyarrow backend)",
    packages: ["dlt[filesystem,parquet]==1.31.0", "sqlalchemy==2.1.9", "psycopg2-binary==2.9.13"],
    prepare: python(({ url, table, dir }) =>
      `import os\n` +
      `os.environ.update({"DLT_PROJECT_DIR": "${dir}", "DLT_DATA_DIR": "${dir}/dlt", "RUNTIME__DLTHUB_TELEMETRY": "false",\n` +
      `  "DATA_WRITER__PARQUET__COMPRESSION": "zstd"})\n` +
      `import dlt\n` +
      `from dlt.sources.sql_database import sql_table\n` +
      `rows = sql_table("${
        url.replace(/^postgres(ql)?:/, "postgresql+psycopg2:")
      }", table="${table}", backend="pyarrow", chunk_size=50000)\n` +
      `dlt.pipeline("bench", destination=dlt.destinations.filesystem("file://${dir}/out"), dataset_name="d",\n` +
      `  pipelines_dir="${dir}/p").run(rows, loader_file_format="parquet")\n`
    ),
  },
  {
    name: "odbc2parquet + psqlodbc",
    packages: [],
    onPath: {
      program: "odbc2parquet",
      from: "apt-get install unixodbc-dev odbc-postgresql && cargo install odbc2parquet --locked",
    },
    prepare: odbc,
  },
];

async function succeeds(command: string, args: readonly string[]): Promise<boolean> {
  const run = new Deno.Command(command, { args: [...args], stdout: "null", stderr: "null" });
  try {
    return (await run.output()).success;
  } catch {
    return false;
  }
}

/** The peers that can be run here. @param install may make the environment and install what it lacks. */
export async function availablePeers(install: boolean): Promise<Peer[]> {
  const pip = join(ENVIRONMENT, "bin/pip");
  if (install && !await succeeds(pip, ["--version"])) {
    await succeeds("python3", ["-m", "venv", ENVIRONMENT]);
  }
  const there: Peer[] = [];
  for (const peer of PEERS) {
    if (peer.onPath !== undefined) {
      const { program, from } = peer.onPath;
      const version = await versionOf(program);
      if (version === null) console.log(`${peer.name}: not on PATH (${from})`);
      else there.push({ ...peer, packages: [`${program}==${version}`] });
      continue;
    }
    if (install) await succeeds(pip, ["install", "--quiet", ...peer.packages]);
    if (await installed(pip, peer)) there.push(peer);
    else console.log(`${peer.name}: not here${install ? " and not installable" : " (--install)"}`);
  }
  return there;
}

/** e.g. `11.0.1`; null when there is no such program. */
async function versionOf(program: string): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim().split(" ").at(-1) ?? null;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

async function installed(pip: string, peer: Peer): Promise<boolean> {
  return await succeeds(pip, [
    "show",
    ...peer.packages.map((name) => name.replace(/(\[.*\])?==.*/, "")),
  ]);
}
