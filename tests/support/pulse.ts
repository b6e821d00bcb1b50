/** Waiting that does not rest on one wake-up alone, and that does not last for ever. */

const PULSE_MS = 1000;
/** Of a process that ends within seconds. */
const PROCESS_MS = 10 * 60_000;

/**
 * The outcome of `work`, during which a timer ticks. What a native add-on has done comes back through a
 * queue that the event loop looks at when it wakes, and now and then the wake-up for it is lost: then the
 * loop sleeps until something else wakes it.
 */
export async function withPulse<T>(
  work: () => Promise<T>,
  tick: () => void = () => {},
): Promise<T> {
  const pulse = setInterval(tick, PULSE_MS);
  try {
    return await work();
  } finally {
    clearInterval(pulse);
  }
}

/** A process's end. @throws Error with what it printed, when that does not come in `limitMs`. */
export async function endOf(
  child: Deno.ChildProcess,
  limitMs: number = PROCESS_MS,
): Promise<Deno.CommandOutput> {
  const since = performance.now();
  let late = false;
  const ended = await withPulse(() => child.output(), () => {
    if (late || performance.now() - since < limitMs) return;
    late = true;
    child.kill("SIGKILL");
  });
  if (!late) return ended;
  const printed = new TextDecoder().decode(ended.stderr);
  throw new Error(`process ${child.pid} did not end within ${limitMs / 1000} s: ${printed}`);
}
