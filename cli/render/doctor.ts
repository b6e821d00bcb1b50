/** The report of `rivet doctor`. */
import type { DoctorCheck } from "../../core/preflight/doctor.ts";
import { RIVET_VERSION } from "../../core/base/version.ts";

function line({ status, name, category, message, hint }: DoctorCheck): string {
  const advice = hint === null || status === "ok" ? "" : `\n       ${hint}`;
  switch (status) {
    case "ok":
      return `[OK]  ${name}`;
    case "warn":
      return `[WARN] ${name}: ${message}${advice}`;
    case "fail":
      return `[FAIL] ${name} -- ${category}: ${message}${advice}`;
  }
}

/** @param config the file as the user named it. */
export function renderDoctor(config: string, checks: readonly DoctorCheck[]): string {
  const failed = checks.some((check) => check.status === "fail");
  return [
    `rivet doctor: verifying auth for config '${config}'`,
    "",
    ...checks.map(line),
    "",
    failed
      ? "Some checks failed. Fix the issues above before running exports."
      : "All checks passed.",
  ].join("\n");
}

/** What `--json` prints. The names are public API. */
export function doctorJson(
  config: string,
  checks: readonly DoctorCheck[],
): Record<string, unknown> {
  return {
    rivet_version: RIVET_VERSION,
    config,
    all_ok: checks.every((check) => check.status !== "fail"),
    status: checks.some((check) => check.status === "fail") ? "fail" : "ok",
    checks: checks.map(({ about, ...check }) => ({
      check: about,
      ok: check.status !== "fail",
      ...check,
    })),
  };
}
