/** Readers of Iceberg tables that answer one question after another, in a Python that is started once. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const PACKAGES = [
  "pyiceberg[pyarrow]==0.12.0",
  "pyarrow==26.0.1",
  "duckdb==1.5.5",
  "duckdb-extension-iceberg==1.5.5",
  "duckdb-extension-avro==1.5.5",
  "pytz==2026.6",
  "pyspark==3.5.7",
];

export async function output(command: string, args: readonly string[], cwd?: string) {
  const child = new Deno.Command(command, { args: [...args], stdin: "null", cwd });
  const { code, stdout, stderr } = await child.output();
  const text = new TextDecoder();
  if (code !== 0) throw new Error(`${command} ${args.join(" ")}: ${text.decode(stderr)}`);
  return text.decode(stdout);
}

/** @param dir for what is downloaded; RIVET_INTEROP_PYTHON names a Python that has all. */
export async function python(dir: string): Promise<string> {
  const given = Deno.env.get("RIVET_INTEROP_PYTHON");
  if (given !== undefined) return given;
  const venv = join(dir, "venv");
  await output("python3", ["-m", "venv", venv]);
  await output(join(venv, "bin", "pip"), ["install", "--quiet", ...PACKAGES]);
  return join(venv, "bin", "python");
}

/** What is behind it on a line is an answer; JVMs have more to say. */
const ANSWER = "=> ";

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + text).split("\n");
    rest = lines.pop() as string;
    yield* lines;
  }
}

export class Reader {
  readonly #child: Deno.ChildProcess;
  readonly #requests: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: AsyncGenerator<string>;

  /** @param args the script, beside this file, and what it wants. */
  constructor(program: string, script: string, args: readonly string[] = []) {
    this.#child = new Deno.Command(program, {
      args: ["-u", here(script), ...args],
      stdin: "piped",
      stdout: "piped",
      // Its tracebacks come as answers.
      stderr: Deno.env.has("RIVET_INTEROP_VERBOSE") ? "inherit" : "null",
    }).spawn();
    this.#requests = this.#child.stdin.getWriter();
    this.#lines = linesOf(this.#child.stdout);
  }

  async ask<T>(op: string, request: Readonly<Record<string, unknown>>): Promise<T> {
    const line = `${JSON.stringify({ op, ...request })}\n`;
    await this.#requests.write(new TextEncoder().encode(line));
    for (;;) {
      const { value, done } = await this.#lines.next();
      if (done === true) {
        throw new Error(`the reader ended at ${op}: RIVET_INTEROP_VERBOSE=1 shows why`);
      }
      if (!value.startsWith(ANSWER)) continue;
      const answer = JSON.parse(value.slice(ANSWER.length)) as { ok: T; error?: string };
      if (answer.error !== undefined) throw new Error(`${op} ${request.table}: ${answer.error}`);
      return answer.ok;
    }
  }

  async close(): Promise<void> {
    await this.#requests.close().catch(() => {});
    await this.#lines.return(undefined);
    await this.#child.status;
  }
}
