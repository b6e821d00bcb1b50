import assert from "node:assert/strict";
import { endOf, withPulse } from "../support/pulse.ts";

const shell = (script: string) =>
  new Deno.Command("sh", {
    args: ["-c", script],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();

Deno.test("a process that does not end is killed, and what it printed is told", async () => {
  const endless = shell("echo it waits >&2; exec sleep 600");
  await assert.rejects(endOf(endless, 2_000), /did not end within 2 s: it waits/);
  assert.equal((await endOf(shell("exit 3"))).code, 3);
});

Deno.test("a pulse ticks while something is awaited", async () => {
  let ticks = 0;
  const twice = Promise.withResolvers<void>();
  await withPulse(() => twice.promise, () => ++ticks === 2 && twice.resolve());
  assert.equal(ticks, 2);
});
