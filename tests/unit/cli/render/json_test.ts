import { deepEqual, equal } from "node:assert/strict";
import { toJson } from "../../../../cli/render/json.ts";
import { aggregateJson, summaryJson } from "../../../../core/report/json.ts";
import { RivetError, serializeError } from "../../../../core/base/errors.ts";
import { fakeAggregate, fakeSummary } from "../fakes.ts";

const snake = (name: string) => name.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`);

Deno.test("every field of a summary and of the aggregate is printed under its public name", () => {
  const summary = fakeSummary({ coverage: "1 verified: 1 md5" });
  const documented = ["total_rows", "files_produced", "bytes_written", "error_message"];
  deepEqual(
    Object.keys(summaryJson(summary)).sort(),
    [...Object.keys(summary).map(snake), ...documented].sort(),
  );
  const aggregate = fakeAggregate(summary);
  const totals = ["total_exports", "total_rows", "total_files", "total_bytes", "per_export"];
  deepEqual(
    Object.keys(aggregateJson(aggregate)).sort(),
    [...Object.keys(aggregate).map(snake), ...totals].sort(),
  );
});

Deno.test("an error is printed without its stack and without passwords", () => {
  const cause = new RivetError("SOURCE_AUTH", "at postgres://u:secret@h/db", {
    category: "auth",
    nativeCode: "28P01",
    hint: "Check postgres://u:secret@h/db.",
  });
  const json = summaryJson(fakeSummary({ status: "failed", error: serializeError(cause) }));
  const { error } = JSON.parse(toJson(json));
  deepEqual(Object.keys(error), [
    "code",
    "category",
    "exit_class",
    "retryable",
    "message",
    "hint",
    "native_code",
  ]);
  deepEqual([error.code, error.category, error.native_code], ["SOURCE_AUTH", "auth", "28P01"]);
  equal(toJson(json).includes("secret"), false);
});
