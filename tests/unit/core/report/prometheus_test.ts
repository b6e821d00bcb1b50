import { deepEqual, equal, match } from "node:assert/strict";
import parse from "parse-prometheus-text-format";
import { prometheusText } from "../../../../core/report/prometheus.ts";
import { fakeAggregate, fakeSummary } from "../../cli/fakes.ts";

interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly metrics: readonly { value: string; labels?: Record<string, string> }[];
}

const families = (text: string): Family[] => parse(text) as Family[];

/** Name and export -> value, as a reader that is not ours takes the text. */
function samples(text: string): Record<string, number> {
  return Object.fromEntries(
    families(text).flatMap(({ name, metrics }) =>
      metrics.map(({ value, labels }) => [`${name} ${labels?.export ?? ""}`.trim(), Number(value)])
    ),
  );
}

Deno.test("a run as Prometheus reads it", () => {
  const run = fakeAggregate(
    fakeSummary({ exportName: "orders", rows: 5, files: 2, bytes: 1024, retries: 3 }),
    fakeSummary({ exportName: "users", status: "failed", chunks: { done: 3, total: 9 } }),
  );
  const text = prometheusText(run, "");
  const found = samples(text);
  equal(found["rivet_rows_total orders"], 5);
  equal(found["rivet_bytes_total orders"], 1024);
  equal(found["rivet_retries_total orders"], 3);
  equal(found["rivet_export_duration_seconds orders"], 3.2);
  equal(found["rivet_export_success orders"], 1);
  equal(found["rivet_export_success users"], 0);
  equal(found["rivet_export_chunks users"], 9);
  equal(found["rivet_export_chunks_done users"], 3);
  equal("rivet_export_chunks orders" in found, false);
  equal(found["rivet_export_last_success_timestamp_seconds orders"], 1774788672.536);
  equal("rivet_export_last_success_timestamp_seconds users" in found, false);
  deepEqual(families(text).find(({ name }) => name === "rivet_build_info")?.metrics[0].labels, {
    version: "0.1.0",
  });
});

Deno.test("every family has a help, a type, a base unit, and lines that stand together", () => {
  const text = prometheusText(fakeAggregate(fakeSummary()), "");
  match(text, /\n$/);
  for (const { name, help, type } of families(text)) {
    match(help, /\.$/, name);
    match(type, /^(COUNTER|GAUGE)$/, name);
    equal(type === "COUNTER", name.endsWith("_total"), name);
    match(name, /^rivet_[a-z_]+$/);
    equal(/_(ms|kb|mb|minutes)$/.test(name), false, name);
    equal(text.split(`# TYPE ${name} `).length, 2, name);
  }
});

Deno.test("names of exports are quoted", () => {
  const strange = 'a "b"\\c\nd';
  const found = samples(prometheusText(fakeAggregate(fakeSummary({ exportName: strange })), ""));
  equal(found[`rivet_rows_total ${strange}`], 150_000);
});

Deno.test("when an export last succeeded outlives failures, of its own name alone", () => {
  const first = prometheusText(
    fakeAggregate(fakeSummary({ exportName: "a" }), fakeSummary({ exportName: "ab" })),
    "",
  );
  const failed = fakeAggregate(
    fakeSummary({ exportName: "a", status: "failed", finishedAt: "2027-01-01T00:00:00Z" }),
    fakeSummary({ exportName: "c", status: "failed" }),
  );
  const found = samples(prometheusText(failed, first));
  equal(found["rivet_export_last_success_timestamp_seconds a"], 1774788672.536);
  equal("rivet_export_last_success_timestamp_seconds ab" in found, false);
  equal("rivet_export_last_success_timestamp_seconds c" in found, false);
});
