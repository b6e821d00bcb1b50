/** A server in a process of its own, in a temporary folder, on a free port of this machine. */

export interface ChildServer {
  readonly port: number;
  /** The folder that the server may write to; gone after `stop`. */
  readonly folder: string;
  stop(): Promise<void>;
}

/**
 * Starts `deno run args(folder)` and waits for the line of its output that has the port.
 * @param portPattern its first group is the port.
 */
export async function startChildServer(
  args: (folder: string) => readonly string[],
  portPattern: RegExp,
): Promise<ChildServer> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-server-" });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", ...args(folder)],
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream());
  const reader = lines.getReader();
  const stop = async () => {
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await Deno.remove(folder, { recursive: true });
  };
  let output = "";
  for (;;) {
    const { value, done } = await reader.read();
    output += value ?? "";
    const port = portPattern.exec(output)?.[1];
    if (port !== undefined) return { port: Number(port), folder, stop };
    if (done) {
      await Deno.remove(folder, { recursive: true });
      throw new Error(`the server ended before it named its port: ${output}`);
    }
  }
}
