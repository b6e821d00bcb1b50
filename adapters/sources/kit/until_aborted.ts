/** Waiting that a signal ends. */

/** `work`, or what the signal aborts with. @param drop takes what `work` gives too late. */
export async function untilAborted<T>(
  signal: AbortSignal,
  work: Promise<T>,
  drop: (late: T) => void,
): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => {
    reject(signal.reason);
    work.then(drop, () => {/* The signal has said enough. */});
  };
  if (signal.aborted) onAbort();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
