import { deepEqual, equal } from "node:assert/strict";
import { classify, exitCodeOf } from "../../../../core/base/error_class.ts";
import type { ErrorCategory, ErrorCode } from "../../../../core/base/errors.ts";

const CASES: readonly (readonly [
  code: ErrorCode,
  category: ErrorCategory,
  exitClass: string,
  documented: number,
  byClass: number,
])[] = [
  ["USAGE", "permanent", "config", 2, 1],
  ["CONFIG_INVALID", "permanent", "config", 2, 1],
  ["SOURCE_AUTH", "auth", "config", 1, 1],
  ["DESTINATION_AUTH", "auth", "config", 1, 1],
  ["SOURCE_UNREACHABLE", "network", "retryable", 1, 2],
  ["SOURCE_CAPACITY", "capacity", "retryable", 1, 2],
  ["SOURCE_TIMEOUT", "permanent", "retryable", 1, 2],
  ["STATE_LOCKED", "permanent", "retryable", 1, 2],
  ["VALIDATION_FAILED", "permanent", "data", 1, 3],
  ["QUALITY_FAILED", "permanent", "data", 1, 3],
  ["RECONCILE_MISMATCH", "permanent", "data", 1, 3],
  ["VALUE_OUT_OF_RANGE", "permanent", "data", 1, 3],
  ["SCHEMA_DRIFT", "permanent", "drift", 4, 4],
  ["INTERRUPTED", "permanent", "interrupted", 130, 130],
];

for (const [code, category, exitClass, documented, byClass] of CASES) {
  Deno.test(`exit codes: ${code} (${category}) is ${exitClass}`, () => {
    const error = { code, category };
    const retryable = exitClass === "retryable" || exitClass === "interrupted";
    deepEqual(classify(error), { exit_class: exitClass, retryable });
    equal(exitCodeOf(error, false), documented);
    equal(exitCodeOf(error, true), byClass);
  });
}
