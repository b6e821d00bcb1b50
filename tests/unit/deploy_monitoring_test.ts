/** What `deploy/` gives a Prometheus and a Grafana speaks of metrics that are written. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { parse } from "yaml";
import { prometheusText } from "../../core/report/prometheus.ts";
import { fakeAggregate, fakeSummary } from "./cli/fakes.ts";

const SUMMARY = fakeSummary({ chunks: { done: 1, total: 2 }, schemaChanged: false });
const WRITTEN = new Set(
  [...prometheusText(fakeAggregate(SUMMARY), "").matchAll(/^# TYPE (\S+)/gm)].map(([, name]) =>
    name
  ),
);

const read = (path: string): string =>
  Deno.readTextFileSync(new URL(`../../deploy/${path}`, import.meta.url));

function onlyWritten(expression: string): void {
  const names = [...expression.matchAll(/\brivet_[a-z_]+/g)].map(([name]) => name);
  ok(names.length > 0, expression);
  deepEqual(names.filter((name) => !WRITTEN.has(name)), [], expression);
}

Deno.test("alerts ask for metrics that are written, and say what happened", () => {
  const { groups } = parse(read("prometheus/alerts.yaml"));
  const rules = groups.flatMap((group: { rules: unknown[] }) => group.rules);
  equal(new Set(rules.map((rule: { alert: string }) => rule.alert)).size, rules.length);
  for (const { alert, expr, labels, annotations } of rules) {
    match(alert, /^Rivet[A-Z]/);
    onlyWritten(expr);
    match(labels.severity, /^(info|warning|critical)$/);
    match(annotations.summary, /\{\{ \$labels\.export \}\}/);
  }
});

Deno.test("every panel of the dashboard asks for metrics that are written", () => {
  const dashboard = JSON.parse(read("grafana/rivet.json"));
  const ids = dashboard.panels.map(({ id }: { id: number }) => id);
  equal(new Set(ids).size, ids.length);
  for (const { targets, gridPos } of dashboard.panels) {
    for (const { expr } of targets) onlyWritten(expr);
    ok(gridPos.x + gridPos.w <= 24);
  }
});
