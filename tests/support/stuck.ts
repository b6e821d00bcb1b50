/** Where a test that takes far too long stands, for whoever reads its output. */

const AFTER_MS = 120_000;

/** Runs `work`; after two minutes prints what its threads and its child processes wait in (Linux). */
export async function tellingIfStuck<T>(name: string, work: () => Promise<T>): Promise<T> {
  const started = performance.now();
  const timer = setInterval(async () => {
    const seconds = Math.round((performance.now() - started) / 1000);
    console.log(`still in '${name}' after ${seconds} s, at ${new Date().toISOString()}:`);
    for (const line of await waits()) console.log(line);
  }, AFTER_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}

async function waits(): Promise<string[]> {
  const lines: string[] = [];
  for (const pid of [Deno.pid, ...await childrenOf(Deno.pid)]) {
    for (const task of await names(`/proc/${pid}/task`)) {
      const of = (file: string) => read(`/proc/${pid}/task/${task}/${file}`);
      const [comm, wchan, syscall] = await Promise.all(["comm", "wchan", "syscall"].map(of));
      lines.push(`  ${pid}/${task} ${comm}: ${wchan}, system call ${syscall.split(" ")[0]}`);
    }
  }
  return lines;
}

async function childrenOf(parent: number): Promise<string[]> {
  const found: string[] = [];
  for (const pid of (await names("/proc")).filter((name) => /^\d+$/.test(name))) {
    // The name before it is in parentheses, and may hold spaces.
    const [, ppid] = (await read(`/proc/${pid}/stat`)).split(") ").at(-1)?.split(" ") ?? [];
    if (ppid === String(parent)) found.push(pid);
  }
  return found;
}

async function names(dir: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(dir))).map((entry) => entry.name);
  } catch {
    return [];
  }
}

async function read(file: string): Promise<string> {
  try {
    return (await Deno.readTextFile(file)).trim();
  } catch {
    return "?";
  }
}
