/** A port whose calls leave a line at debug, or at trace those that only ask. */
import { type LogFields, logger, type LogLevel, logs } from "./log.ts";
import { wrapCalls } from "./wrapped_calls.ts";

/** What is said of a call once it has ended. */
export interface CallLine {
  readonly text: string;
  readonly fields?: LogFields;
  readonly level?: Extract<LogLevel, "debug" | "trace">;
}

/** What the lines of a port's calls say. */
export interface CallLog {
  /** Null: the call is not worth a line. `result` is absent when it failed. */
  describe(method: string, args: readonly unknown[], result?: unknown): CallLine | null;
  /** Given what a call came to, e.g. to wrap a port that it returns. */
  wrap?(method: string, result: unknown): unknown;
}

/**
 * The same port; every call is passed on with its arguments, and said with its milliseconds when it has
 * ended or failed. Itself where nobody would see the lines.
 */
export function loggedCalls<T extends object>(target: T, calls: CallLog): T {
  if (!logs("debug")) return target;
  return wrapCalls(target, (name, args, call) => loggedCall(name, args, call, calls));
}

function loggedCall(
  name: string,
  args: readonly unknown[],
  call: () => unknown,
  calls: CallLog,
): unknown {
  const began = performance.now();
  const said = (result?: unknown, failed?: unknown) => {
    const line = calls.describe(name, args, result);
    if (line === null) return;
    const ms = Math.round(performance.now() - began);
    const outcome = failed === undefined
      ? ""
      : `: failed: ${failed instanceof Error ? failed.message : String(failed)}`;
    logger()[line.level ?? "debug"](`${line.text}, ${ms} ms${outcome}`, { ...line.fields, ms });
  };
  const wrapped = (result: unknown) => calls.wrap?.(name, result) ?? result;
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    said(undefined, error);
    throw error;
  }
  if (!(result instanceof Promise)) return wrapped(result);
  return result.then((value: unknown) => {
    said(value);
    return wrapped(value);
  }, (error: unknown) => {
    said(undefined, error);
    throw error;
  });
}
