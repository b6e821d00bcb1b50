/** Generous: the bound is there to name what never happens, not to judge a busy machine. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 20;

/**
 * What `probe` finds, asked every `lookMs` until it is neither null nor false.
 * @throws Error naming `what` when a minute did not bring it.
 */
export async function until<T>(
  what: string,
  probe: () => T | null | false | Promise<T | null | false>,
  lookMs = LOOK_MS,
): Promise<T> {
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    const found = await probe();
    if (found !== null && found !== false) return found;
    await new Promise((resolve) => setTimeout(resolve, lookMs));
  }
  throw new Error(`did not happen within ${PATIENCE_MS / 1000} s: ${what}`);
}
