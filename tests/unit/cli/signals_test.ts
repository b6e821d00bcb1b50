import { deepEqual, equal } from "node:assert/strict";

/** Says what it is told; `done` comes after every signal that was sent before it was asked for. */
const program = (sameRequestMs: number) => `
import { listenForInterrupts } from "${new URL("../../../cli/signals.ts", import.meta.url)}";
const signal = listenForInterrupts({
  sameRequestMs: ${sameRequestMs},
  onFirst: () => console.log("first", signal.aborted),
  onSecond: () => Deno.exit(130),
});
Deno.addSignalListener("SIGUSR1", () => {
  console.log("done");
  Deno.exit(0);
});
console.log("ready", signal.aborted);
setInterval(() => {}, 1000);
`;

async function listening(
  sameRequestMs: number,
  body: (
    process: Deno.ChildProcess,
    line: () => Promise<string | undefined>,
  ) => Promise<void>,
): Promise<void> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--ext=ts", program(sameRequestMs)],
    stdout: "piped",
  }).spawn();
  const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const line = async () => (await lines.read()).value;
  equal(await line(), "ready false\n");
  process.kill("SIGTERM");
  equal(await line(), "first true\n");
  await body(process, line);
}

Deno.test({
  name: "the first signal aborts, whichever it is, and the second ends the process",
  ignore: Deno.build.os === "windows", // signals cannot be sent there
  fn: () =>
    listening(0, async (process, line) => {
      process.kill("SIGINT");
      const { code } = await process.status;
      deepEqual([code, await line()], [130, undefined]);
    }),
});

Deno.test({
  name: "a signal that is told twice at once is one",
  ignore: Deno.build.os === "windows", // signals cannot be sent there
  fn: () =>
    listening(600_000, async (process, line) => {
      process.kill("SIGINT");
      process.kill("SIGTERM");
      process.kill("SIGUSR1");
      equal(await line(), "done\n");
      equal((await process.status).code, 0);
    }),
});
