/** What a new user does: an empty folder and a URL in the environment, then init, doctor, check and run. */
import { Ajv2020 } from "ajv/dist/2020.js";
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { configJsonSchema } from "../../../core/config/json_schema.ts";
import { type CliResult, rivet } from "../../support/rivet.ts";

export interface ScaffoldExport {
  readonly name: string;
  readonly table?: string;
  readonly query?: string;
  readonly mode: string;
  readonly columns?: Readonly<Record<string, string>>;
  readonly [key: string]: unknown;
}

export interface FirstRun {
  readonly yaml: string;
  readonly exports: readonly ScaffoldExport[];
  /** What init said on stderr. */
  readonly notes: string;
  /** Exported rows by the name of the export. */
  readonly rows: ReadonlyMap<string, number>;
  readonly folder: string;
}

/** `rivet` in a folder where DATABASE_URL is the URL. */
export function inFolder(folder: string, url: string) {
  return (...args: string[]): Promise<CliResult> =>
    rivet(args, { cwd: folder, env: { DATABASE_URL: url, RIVET_LOG: "" } });
}

function succeeded(what: string, { code, stdout, stderr }: CliResult): void {
  assert.equal(code, 0, `${what}\n${stdout}\n${stderr}`);
}

/** Every command must succeed with no edit in between. */
export async function firstRun(
  url: string,
  body: (result: FirstRun) => Promise<void>,
  flags: readonly string[] = [],
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-first-run-" });
  const run = inFolder(folder, url);
  try {
    const init = await run(
      "init",
      "--source-env",
      "DATABASE_URL",
      "-o",
      "rivet.yaml",
      ...flags,
    );
    succeeded("init", init);
    const yaml = await Deno.readTextFile(join(folder, "rivet.yaml"));
    const config: { readonly exports: ScaffoldExport[] } = parse(yaml);
    const ajv = new Ajv2020({ strict: true });
    assert.ok(ajv.validate(configJsonSchema(), config), ajv.errorsText());
    succeeded("doctor", await run("doctor", "-c", "rivet.yaml", "--write-probe"));
    succeeded("check", await run("check", "-c", "rivet.yaml"));
    const outcome = await run("run", "-c", "rivet.yaml", "--validate", "--json", "-q");
    succeeded("run", outcome);
    const report: { exports: { export_name: string; rows: number }[] } = JSON.parse(outcome.stdout);
    await body({
      yaml,
      exports: config.exports,
      notes: init.stderr,
      rows: new Map(report.exports.map((e) => [e.export_name, e.rows])),
      folder,
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
