/** Times whole processes, start-up included, with their CPU time and peak memory. */

export interface Measured {
  readonly seconds: number;
  /** User and system time of the process and its children. */
  readonly cpuSeconds: number;
  readonly peakRssMb: number;
}

/** GNU time writes what the kernel accounted; without it only the wall clock is known. */
const TIME = "/usr/bin/time";

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

/** Runs a command with its output thrown away. @throws when it fails, with what it said. */
export async function measure(command: string, args: readonly string[]): Promise<Measured> {
  const accounting = await Deno.makeTempFile({ prefix: "rivet-time-" });
  try {
    const started = performance.now();
    const { success, stderr } = await new Deno.Command(TIME, {
      args: ["-f", "%U %S %M", "-o", accounting, command, ...args],
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    }).output();
    const seconds = (performance.now() - started) / 1000;
    if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
    const fields = (await Deno.readTextFile(accounting)).trim().split(/\s+/).map(Number);
    const [user, system, kilobytes] = fields;
    return { seconds, cpuSeconds: user + system, peakRssMb: kilobytes / 1024 };
  } finally {
    await Deno.remove(accounting);
  }
}
