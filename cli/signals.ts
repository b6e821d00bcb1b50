/** Ctrl-C and SIGTERM: the first asks for a stop at a safe point, the second ends at once. */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

export interface InterruptHandlers {
  /** Signals that are taken and mean nothing. */
  readonly ignored?: readonly Deno.Signal[];
  /** Called on the first signal, after the abort. */
  onFirst(): void;
  /** Called on every further signal; ends the process. */
  onSecond(): void;
}

/** Takes the signals over and returns what the first of them aborts. */
export function listenForInterrupts(handlers: InterruptHandlers): AbortSignal {
  const controller = new AbortController();
  const listener = () => {
    if (controller.signal.aborted) {
      handlers.onSecond();
      return;
    }
    controller.abort();
    handlers.onFirst();
  };
  const ignored = handlers.ignored ?? [];
  for (const signal of SIGNALS) {
    Deno.addSignalListener(signal, ignored.includes(signal) ? () => {} : listener);
  }
  return controller.signal;
}
