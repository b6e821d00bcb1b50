import assert from "node:assert/strict";

const core = new URL("../../../../core/base/", import.meta.url);

/** In a process of its own: what is taken stays taken. */
async function output(script: string): Promise<{ stdout: string; stderr: string }> {
  const imports = `
    import process from "node:process";
    import { takeLibraryOutput } from "${core}library_output.ts";
    import { configureLogging } from "${core}log.ts";
    const write = (text) => Deno.stdout.writeSync(new TextEncoder().encode(text + "\\n"));
  `;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", "--ext=ts", "-"],
    cwd: new URL("..", core),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stdin = child.stdin.getWriter();
  await stdin.write(new TextEncoder().encode(imports + script));
  await stdin.close();
  const { stdout, stderr } = await child.output();
  const text = new TextDecoder();
  return { stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

const LIBRARY = `
  console.warn("deprecated: %s", "this"); console.error("e"); console.log("l"); console.info("i");
  console.debug("d"); console.trace("t");
  process.emitWarning("looked up", "MetadataLookupWarning");
  process.emitWarning("old", "DeprecationWarning");
  await new Promise((resolve) => setTimeout(resolve, 0));
`;

Deno.test("what libraries say goes to neither stream", async () => {
  const loud = await output(LIBRARY);
  assert.match(loud.stderr, /MetadataLookupWarning/);
  assert.match(loud.stdout, /^l$/m);
  assert.deepEqual(await output(`takeLibraryOutput(); ${LIBRARY}`), { stdout: "", stderr: "" });
});

Deno.test("what libraries say is in the log, at debug", async () => {
  const { stdout, stderr } = await output(
    `configureLogging({ level: "debug", sink: ({ level, text }) => write(level + " " + text) });
     takeLibraryOutput(); ${LIBRARY}`,
  );
  assert.equal(stderr, "");
  assert.deepEqual(stdout.trimEnd().split("\n"), [
    "debug a library says: deprecated: this",
    ..."elidt".split("").map((said) => `debug a library says: ${said}`),
    "debug a library warns: MetadataLookupWarning: looked up",
    "debug a library warns: DeprecationWarning: old",
  ]);
});
