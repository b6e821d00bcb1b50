/**
 * PA9: runs everything that writes anything, with credentials in every form, and looks for them in all
 * that was printed and left behind.
 */
import { equal, ok } from "node:assert/strict";
import { join } from "node:path";
import { type Bench, onBench } from "./bench.ts";

/** Every character that some format writes differently. */
const INVENTED = `S3cr%t/p@ss:w"rd\\1 é`;

const EXPORTS = `exports:
  - {name: good, table: t, mode: incremental, cursor_column: id, destination: {type: local, path: ./out}}
  - {name: bad, query: "SELECT nope FROM t", destination: {type: local, path: ./out}}
`;

/** The spellings that a secret could be found in. */
function spellings(secret: string): string[] {
  const percent = encodeURIComponent(secret);
  return [
    secret,
    percent,
    percent.replace(/%[0-9A-F]{2}/g, (code) => code.toLowerCase()),
    encodeURI(secret),
    percent.replaceAll("%20", "+"),
    JSON.stringify(secret).slice(1, -1),
    JSON.stringify(percent).slice(1, -1),
    btoa(String.fromCharCode(...new TextEncoder().encode(secret))),
  ];
}

async function* filesBelow(folder: string): AsyncGenerator<string> {
  for await (const entry of Deno.readDir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory) yield* filesBelow(path);
    else yield path;
  }
}

/** Bytes as characters of the same number, UTF-8 text found as UTF-8. */
const latin1 = new TextDecoder("latin1");
const asLatin1 = (text: string) => latin1.decode(new TextEncoder().encode(text));

async function searched(bench: Bench, secret: string, printed: string[]): Promise<void> {
  let files = 0;
  const texts = printed.map((text, i) => [`output ${i}`, asLatin1(text)]);
  for await (const path of filesBelow(bench.folder)) {
    if (path.endsWith("rivet.yaml")) continue;
    files++;
    texts.push([path, latin1.decode(await Deno.readFile(path))]);
  }
  ok(files > 3, "a state, plans and reports were there to look at");
  for (const spelling of spellings(secret)) {
    for (const [where, text] of texts) {
      equal(text.includes(asLatin1(spelling)), false, `${spelling} in ${where}`);
    }
  }
}

/** @param source the configuration's source block */
async function exercise(bench: Bench, source: string): Promise<string[]> {
  await bench.write("rivet.yaml", `source: ${source}\n${EXPORTS}`);
  const config = ["-c", "rivet.yaml"];
  const printed: string[] = [];
  const lines: readonly (readonly string[])[] = [
    ["plan", ...config, "--verbose"],
    ["plan", ...config, "-e", "good", "--format", "json", "-o", "plan.json"],
    ["apply", "plan.json", "--force", "--json-errors"],
    ["run", ...config, "--verbose", "--validate"],
    ["run", ...config, "--json", "--json-errors"],
    ["run", ...config, "--parallel-export-processes", "--summary-output", "sum.json"],
    ["journal", ...config, "-e", "bad", "--json"],
    ["metrics", ...config, "--json"],
  ];
  for (const line of lines) {
    const { out, err } = await bench.rivet(...line);
    printed.push(out, err);
  }
  return printed;
}

for (const wrong of [false, true]) {
  Deno.test(`no password is left anywhere, ${wrong ? "a wrong" : "the right"} one`, () =>
    onBench(async (bench) => {
      await bench.db.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1)");
      const url = new URL(bench.db.url);
      const right = decodeURIComponent(url.password);
      const secret = wrong || right === "" ? INVENTED : right;
      url.password = encodeURIComponent(secret);
      const [host, port, user] = [url.hostname, url.port, decodeURIComponent(url.username)];
      const fields = JSON.stringify({
        ...{ type: "postgres", host, port: Number(port), user },
        database: url.pathname.slice(1),
        tls: { mode: "disable" },
      }).slice(0, -1);
      const source = (rest: object) => `${fields},${JSON.stringify(rest).slice(1)}`;
      const forms = [
        JSON.stringify({ type: "postgres", url: url.href, tls: { mode: "disable" } }),
        JSON.stringify({ type: "postgres", url_env: "SECRET_URL", tls: { mode: "disable" } }),
        source({ password: secret }),
        source({ password_env: "SECRET_PASSWORD" }),
      ];
      Object.assign(bench.env, {
        RIVET_LOG: "debug",
        SECRET_URL: url.href,
        SECRET_PASSWORD: secret,
      });
      const printed: string[] = [];
      for (const form of forms) printed.push(...await exercise(bench, form));
      ok(printed.some((text) => text.includes("'bad'")), "the runs said something");
      await searched(bench, secret, printed);
    }));
}
