/** How a failure is shown on stderr. */
import { classify } from "../../core/base/error_class.ts";
import { ConfigError, type RivetError } from "../../core/base/errors.ts";
import { jsonLine, type JsonText } from "../../core/base/json_text.ts";
import { RunFailedError } from "../failure.ts";

/** `error: ...`, its problems one per line, and `hint: ...` when there is something to do. */
export function renderError(error: RivetError): string {
  const lines = [`error: ${error.message}`];
  for (const problem of problemsOf(error)) {
    // A message may already tell its problems.
    if (!error.message.includes(problem)) lines.push(`  ${problem.replaceAll("\n", "\n    ")}`);
  }
  const hint = hintOf(error);
  if (hint !== null) lines.push(`hint: ${hint}`);
  return lines.join("\n");
}

/** The `--json-errors` object on one line; `problems` only where there are any. */
export function renderErrorJson(error: RivetError): JsonText {
  const problems = problemsOf(error);
  return jsonLine({
    error: error.message,
    code: error.code,
    hint: hintOf(error) || null,
    ...classify(error),
    ...(problems.length > 0 ? { problems } : {}),
  });
}

function hintOf(error: RivetError): string | null {
  if (error.hint !== undefined) return error.hint;
  return error.code === "INTERNAL"
    ? "This is a defect in rivet. RIVET_LOG=debug shows where it happened."
    : null;
}

function problemsOf(error: RivetError): readonly string[] {
  return error instanceof ConfigError || error instanceof RunFailedError ? error.problems : [];
}
