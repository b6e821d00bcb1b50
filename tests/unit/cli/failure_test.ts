import { deepEqual, equal } from "node:assert/strict";
import { checkFailure, failureOf, RunFailedError } from "../../../cli/failure.ts";
import { type ErrorCode, RivetError, serializeError } from "../../../core/base/errors.ts";
import type { ExportSummary } from "../../../core/report/summary.ts";
import { fakeAggregate, fakeSummary } from "./fakes.ts";

function failed(exportName: string, code: ErrorCode): ExportSummary {
  const error = new RivetError(code, "it broke", { hint: "Mend it." });
  return fakeSummary({ exportName, status: "failed", error: serializeError(error) });
}

Deno.test("what a check finds ends as the run would, when it is the configuration's fault alone", () => {
  const code = (...found: (ErrorCode | null)[]) => checkFailure(found, "m", "h").code;
  equal(code("CONFIG_INVALID", "CONFIG_INVALID"), "CONFIG_INVALID");
  equal(code("NOT_AVAILABLE"), "NOT_AVAILABLE");
  equal(code("CONFIG_INVALID", "SOURCE_QUERY"), "CHECK_FAILED");
  equal(code("SOURCE_QUERY"), "CHECK_FAILED");
  equal(code(null), "CHECK_FAILED");
});

Deno.test("success and skipped are no failure", () => {
  equal(failureOf(fakeAggregate(fakeSummary(), fakeSummary({ status: "skipped" }))), null);
  equal(failureOf(fakeAggregate()), null);
});

Deno.test("one failed export gives its own code, message and hint", () => {
  const error = failureOf(fakeAggregate(fakeSummary(), failed("b", "SCHEMA_DRIFT")));
  equal(error?.code, "SCHEMA_DRIFT");
  equal(error?.message, "export 'b' failed: it broke");
  equal(error?.hint, "Mend it.");
});

Deno.test("several failures keep a common code, else EXPORT_FAILED, and name each export", () => {
  const same = failureOf(fakeAggregate(failed("a", "SCHEMA_DRIFT"), failed("b", "SCHEMA_DRIFT")));
  equal(same?.code, "SCHEMA_DRIFT");
  const mixed = failureOf(
    fakeAggregate(failed("a", "SCHEMA_DRIFT"), failed("b", "SOURCE_AUTH"), fakeSummary()),
  );
  equal(mixed?.code, "EXPORT_FAILED");
  equal(mixed?.message, "2 of 3 exports failed");
  deepEqual(mixed instanceof RunFailedError && mixed.problems, [
    "export 'a' failed: it broke (Mend it.)",
    "export 'b' failed: it broke (Mend it.)",
  ]);
});

Deno.test("an interruption outranks failures", () => {
  const error = failureOf(
    fakeAggregate(failed("a", "SOURCE_AUTH"), fakeSummary({ status: "interrupted" })),
  );
  equal(error?.code, "INTERRUPTED");
});

Deno.test("a failed export without an error is still a failure", () => {
  const error = failureOf(fakeAggregate(fakeSummary({ status: "failed" })));
  deepEqual([error?.code, error?.message], ["EXPORT_FAILED", "export 'orders' failed"]);
});

Deno.test("an export is named once, also when its message names it", () => {
  const error = serializeError(new RivetError("SOURCE_QUERY", "export 'orders': it broke"));
  const failure = failureOf(fakeAggregate(fakeSummary({ status: "failed", error })));
  equal(failure?.message, "export 'orders' failed: it broke");
});
