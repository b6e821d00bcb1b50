import { deepEqual, equal } from "node:assert/strict";

const PROGRAM = `
import { listenForInterrupts } from "${new URL("../../../cli/signals.ts", import.meta.url)}";
const signal = listenForInterrupts({
  onFirst: () => console.log("first", signal.aborted),
  onSecond: () => Deno.exit(130),
});
console.log("ready", signal.aborted);
setInterval(() => {}, 1000);
`;

Deno.test({
  name: "the first signal aborts, whichever it is, and the second ends the process",
  ignore: Deno.build.os === "windows", // signals cannot be sent there
  fn: async () => {
    const process = new Deno.Command(Deno.execPath(), {
      args: ["eval", "--ext=ts", PROGRAM],
      stdout: "piped",
    }).spawn();
    const lines = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
    equal((await lines.read()).value, "ready false\n");
    process.kill("SIGTERM");
    equal((await lines.read()).value, "first true\n");
    process.kill("SIGINT");
    const { code } = await process.status;
    deepEqual([code, (await lines.read()).done], [130, true]);
  },
});
