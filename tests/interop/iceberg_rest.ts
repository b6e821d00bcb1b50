/** The REST catalog that Iceberg publishes for tests, from Maven, over SQLite in memory. */
import { join } from "node:path";
import { type Artifact, mavenJars } from "./iceberg_maven.ts";

const ICEBERG = "1.10.1";
const JETTY = "11.0.25";
const HADOOP = "3.4.1";

const DEPENDENCIES: readonly Artifact[] = [
  ["org.apache.iceberg", "iceberg-open-api", ICEBERG, "test-fixtures"],
  ["org.apache.iceberg", "iceberg-core", ICEBERG],
  ["org.apache.iceberg", "iceberg-core", ICEBERG, "tests"],
  ["org.apache.iceberg", "iceberg-api", ICEBERG, "tests"],
  ["org.eclipse.jetty", "jetty-servlet", JETTY],
  ["org.eclipse.jetty", "jetty-server", JETTY],
  ["org.apache.hadoop", "hadoop-client-api", HADOOP],
  ["org.apache.hadoop", "hadoop-client-runtime", HADOOP],
  ["org.xerial", "sqlite-jdbc", "3.49.1.0"],
  ["org.junit.jupiter", "junit-jupiter", "5.13.4"],
  ["org.assertj", "assertj-core", "3.27.3"],
  ["org.slf4j", "slf4j-nop", "2.0.17"],
];

/** Always this one: the server has no setting for it that all versions read. */
const PORT = 8181;
const START_MS = 120_000;

export interface RestCatalogServer {
  readonly uri: string;
  stop(): Promise<void>;
}

async function isUp(uri: string): Promise<boolean> {
  try {
    const answer = await fetch(`${uri}/v1/config`);
    await answer.body?.cancel();
    return answer.ok;
  } catch {
    return false;
  }
}

/** @param dir for what is downloaded; RIVET_INTEROP_ICEBERG_JARS names a folder that has it. */
export async function startRestCatalog(dir: string): Promise<RestCatalogServer> {
  const jars = Deno.env.get("RIVET_INTEROP_ICEBERG_JARS") ??
    await mavenJars(join(dir, "rest"), DEPENDENCIES);
  const uri = `http://127.0.0.1:${PORT}`;
  if (await isUp(uri)) throw new Error(`something else answers at ${uri}`);
  const child = new Deno.Command("java", {
    args: ["-cp", `${jars}/*`, "org.apache.iceberg.rest.RESTCatalogServer"],
    env: {
      CATALOG_WAREHOUSE: join(dir, "warehouse"),
      CATALOG_IO__IMPL: "org.apache.iceberg.hadoop.HadoopFileIO",
    },
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  for (const until = Date.now() + START_MS; !await isUp(uri);) {
    if (Date.now() > until) throw new Error("the catalog did not start");
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return {
    uri,
    async stop() {
      child.kill("SIGKILL");
      await child.status;
    },
  };
}
