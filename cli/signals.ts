/** Ctrl-C and SIGTERM: the first asks for a stop at a safe point, the second ends at once. */

const SIGNALS: readonly Deno.Signal[] = Deno.build.os === "windows"
  ? ["SIGINT", "SIGBREAK"]
  : ["SIGINT", "SIGTERM"];

export interface InterruptHandlers {
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
  for (const signal of SIGNALS) Deno.addSignalListener(signal, listener);
  return controller.signal;
}
