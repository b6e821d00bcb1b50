/** Ctrl-C and SIGTERM: the first asks for a stop at a safe point, the second ends at once. */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

/**
 * One request may be told twice: a terminal and service managers tell every process of a group, and a
 * launcher hands on what it was told.
 */
const SAME_REQUEST_MS = 500;

export interface InterruptHandlers {
  /** Signals that are taken and mean nothing. */
  readonly ignored?: readonly Deno.Signal[];
  /** A signal this soon after the first is the first, told again. */
  readonly sameRequestMs?: number;
  /** Called on the first signal, after the abort. */
  onFirst(): void;
  /** Called on every later signal; ends the process. */
  onSecond(): void;
}

/** Takes the signals over and returns what the first of them aborts. */
export function listenForInterrupts(handlers: InterruptHandlers): AbortSignal {
  const controller = new AbortController();
  const { sameRequestMs = SAME_REQUEST_MS } = handlers;
  let firstAt = 0;
  const listener = () => {
    if (controller.signal.aborted) {
      if (performance.now() - firstAt >= sameRequestMs) handlers.onSecond();
      return;
    }
    firstAt = performance.now();
    controller.abort();
    handlers.onFirst();
  };
  const ignored = handlers.ignored ?? [];
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, ignored.includes(signal) ? () => {} : listener);
  }
  return controller.signal;
}

const ENDED_BY: Partial<Record<Deno.Signal, number>> = { SIGINT: 130, SIGTERM: 143 };

/**
 * Ends the process on a signal, with the code that shells give it. Everywhere else that is what happens
 * anyway; to a container's first process, the kernel passes no signal that it does not listen to.
 * @returns what leaves the signals to somebody else.
 */
export function endOnSignals(): () => void {
  const listeners = SIGNALS.map((signal) => {
    const end = () => Deno.exit(ENDED_BY[signal] ?? 130);
    Deno.addSignalListener(signal, end);
    return () => Deno.removeSignalListener(signal, end);
  });
  return () => {
    for (const remove of listeners.splice(0)) remove();
  };
}
