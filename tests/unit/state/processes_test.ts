/** Which processes are certainly gone, on the system that the tests run on. */
import { equal } from "node:assert/strict";
import { systemProcesses } from "../../../state/processes.ts";
import { until } from "../../support/until.ts";

const { self, isGone } = systemProcesses();

/** A process of this host that has ended and was waited for. */
async function endedPid(): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), { args: ["--version"], stdout: "null" }).spawn();
  await child.status;
  return child.pid;
}

Deno.test("a process that runs is not gone, one that has ended is", async () => {
  equal(isGone(self), false);
  equal(isGone({ ...self, pid: await endedPid(), processStart: null }), true);
  equal(isGone({ ...self, pid: await endedPid(), processStart: "1" }), true);
});

Deno.test("a pid that another process has by now is that of a process that is gone", {
  // Elsewhere the system does not say when a process started.
  ignore: Deno.build.os !== "linux",
}, () => {
  equal(isGone({ ...self, processStart: "1" }), true);
  equal(isGone({ ...self, processStart: null }), false);
});

Deno.test("nothing is known of processes of another host, boot or process namespace", async () => {
  const pid = await endedPid();
  equal(isGone({ ...self, pid, hostId: "elsewhere" }), false);
});

Deno.test("a process that was killed and not yet waited for is gone", {
  ignore: Deno.build.os !== "linux",
}, async () => {
  // The shell's child becomes a zombie: `exec` leaves nobody who waits for it.
  const parent = new Deno.Command("sh", {
    args: ["-c", "sleep 0 & echo $!; exec sleep 600"],
    stdout: "piped",
  }).spawn();
  const reader = parent.stdout.getReader();
  try {
    const { value } = await reader.read();
    const pid = Number(new TextDecoder().decode(value));
    const zombie = { ...self, pid, processStart: null };
    await until("the end of the process", () => isGone(zombie));
  } finally {
    parent.kill("SIGKILL");
    await parent.status;
    await reader.cancel();
  }
});
