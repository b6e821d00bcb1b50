/** Jars from Maven. */
import { join } from "node:path";
import { output } from "./iceberg_readers.ts";

/** Group, artifact, version, and a classifier where there is one. */
export type Artifact = readonly [string, string, string, string?];

function pom(artifacts: readonly Artifact[]): string {
  const dependencies = artifacts.map(([group, artifact, version, classifier]) =>
    `<dependency><groupId>${group}</groupId><artifactId>${artifact}</artifactId>` +
    `<version>${version}</version>` +
    (classifier === undefined ? "" : `<classifier>${classifier}</classifier>`) + "</dependency>"
  );
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>rivet</groupId><artifactId>interop</artifactId><version>1</version>
<dependencies>${dependencies.join("\n")}</dependencies></project>`;
}

/** @returns the folder of the artifacts and all that they need; made below `dir`. */
export async function mavenJars(dir: string, artifacts: readonly Artifact[]): Promise<string> {
  const jars = join(dir, "jars");
  await Deno.mkdir(dir, { recursive: true });
  await Deno.writeTextFile(join(dir, "pom.xml"), pom(artifacts));
  await output(
    "mvn",
    ["-B", "-q", "dependency:copy-dependencies", `-DoutputDirectory=${jars}`],
    dir,
  );
  return jars;
}
