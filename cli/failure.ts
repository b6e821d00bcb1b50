/** What a run's outcome means for the caller. */
import { classify } from "../core/base/error_class.ts";
import { type ErrorCategory, type ErrorCode, RivetError } from "../core/base/errors.ts";
import type { ExportSummary, RunAggregate } from "../core/report/summary.ts";

/** Exports of a run failed. `problems` has one entry per export when there are several. */
export class RunFailedError extends RivetError {
  override readonly name = "RunFailedError";
  readonly problems: readonly string[];

  constructor(
    code: ErrorCode,
    message: string,
    problems: readonly string[],
    options: { readonly hint?: string; readonly category?: ErrorCategory } = {},
  ) {
    super(code, message, options);
    this.problems = problems;
  }
}

/**
 * Null when every export succeeded or was skipped. Its code is INTERRUPTED when the run was stopped,
 * the exports' own code when they all failed with the same one, else EXPORT_FAILED.
 */
export function failureOf(run: RunAggregate): RivetError | null {
  const interrupted = run.exports.filter((e) => e.status === "interrupted");
  if (interrupted.length > 0) {
    return interruption(
      `while exporting ${interrupted.map((e) => `'${e.exportName}'`).join(", ")}`,
    );
  }
  const failed = run.exports.filter((e) => e.status === "failed");
  if (failed.length === 0) return null;
  if (failed.length === 1) {
    const [only] = failed;
    const { hint, category } = only.error ?? {};
    return new RunFailedError(codeOf(only), problemOf(only), [], { hint, category });
  }
  const codes = new Set(failed.map(codeOf));
  return new RunFailedError(
    codes.size === 1 ? codeOf(failed[0]) : "EXPORT_FAILED",
    `${failed.length} of ${run.exports.length} exports failed`,
    failed.map((e) => e.error?.hint ? `${problemOf(e)} (${e.error.hint})` : problemOf(e)),
    // Worth another try only where each of them is.
    { category: failed.find((e) => !passes(e))?.error?.category ?? failed[0].error?.category },
  );
}

/** What a run refuses with exit code 2: the configuration asks for what cannot be. */
const REFUSALS: readonly ErrorCode[] = ["CONFIG_INVALID", "NOT_AVAILABLE"];

/**
 * What `check` and `doctor` found, as the run itself would end: with a refusal's own code when all that
 * they found is one, else CHECK_FAILED.
 */
export function checkFailure(
  found: readonly (ErrorCode | null)[],
  message: string,
  hint: string,
): RivetError {
  const refusal = REFUSALS.find((code) => found.every((other) => other === code));
  return new RivetError(refusal ?? "CHECK_FAILED", message, { hint });
}

/** A child's failure, which its parent has been told with the `Finished` event: only the exit code is left. */
export class ReportedError extends RivetError {
  override readonly name = "ReportedError";

  constructor(failure: RivetError) {
    super(failure.code, failure.message, { hint: failure.hint, category: failure.category });
  }
}

/** A stop that was asked for; `where` completes "interrupted ...". */
export function interruption(where: string): RivetError {
  return new RivetError("INTERRUPTED", `interrupted ${where}`, {
    hint: "Run the same command again; a checkpointed chunked export continues with --resume.",
  });
}

function passes({ error }: ExportSummary): boolean {
  return error !== null && classify(error).retryable;
}

function codeOf(summary: ExportSummary): ErrorCode {
  return summary.error?.code ?? "EXPORT_FAILED";
}

function problemOf(summary: ExportSummary): string {
  const named = `export '${summary.exportName}': `;
  const message = summary.error?.message ?? "";
  // Many messages name their export already.
  const reason = message.startsWith(named) ? message.slice(named.length) : message;
  return `export '${summary.exportName}' failed${reason === "" ? "" : `: ${reason}`}`;
}
