/** The small pure parts: pooler, explain, histograms, code pages, the clock, errors. */
import assert from "node:assert/strict";
import { decodesCodePage, utf8Table } from "../../../../../adapters/sources/mssql/code_pages.ts";
import { classify, type ErrorContext } from "../../../../../adapters/sources/mssql/errors.ts";
import { plannedRows, scanFacts } from "../../../../../adapters/sources/mssql/explain.ts";
import { evenBounds } from "../../../../../adapters/sources/mssql/introspect.ts";
import { classifyRoute, ROUTE_WARNINGS } from "../../../../../adapters/sources/mssql/pooler.ts";
import { settingsSql } from "../../../../../adapters/sources/mssql/session.ts";
import { ProtocolError } from "../../../../../adapters/sources/mssql/wire/packets.ts";
import { StatementClock } from "../../../../../adapters/sources/kit/statement_clock.ts";
import { until } from "../../../../support/until.ts";

Deno.test("routes: changing sessions weigh more than the edition", () => {
  const same = ["51", "51"] as const;
  assert.equal(classifyRoute({ sessions: same, engineEdition: 3 }), "Direct");
  assert.equal(classifyRoute({ sessions: same, engineEdition: null }), "Direct");
  assert.equal(classifyRoute({ sessions: same, engineEdition: 5 }), "AzureGateway");
  assert.equal(classifyRoute({ sessions: same, engineEdition: 8 }), "AzureGateway");
  assert.equal(classifyRoute({ sessions: ["51", "52"], engineEdition: 5 }), "Multiplexed");
  assert.equal(ROUTE_WARNINGS.Direct, null);
});

Deno.test("settings: 0 means no lock timeout", () => {
  assert.match(settingsSql({ lockTimeoutS: 0 }), /SET LOCK_TIMEOUT -1;/);
  assert.match(settingsSql({ lockTimeoutS: 30 }), /SET LOCK_TIMEOUT 30000;/);
});

Deno.test("planned rows: of the statement, not of its operators; null when there are none", () => {
  const xml = '<StmtSimple StatementEstRows="2.5e+06" x="1"><RelOp EstimateRows="9"/></StmtSimple>';
  assert.equal(plannedRows(xml), 2_500_000);
  assert.equal(plannedRows("<ShowPlanXML/>"), null);
});

const relOp = (physical: string, table: string, index: string) =>
  `<RelOp NodeId="1" PhysicalOp="${physical}" LogicalOp="x"><IndexScan>` +
  `<Object Database="[d]" Schema="[dbo]" Table="[${table}]" Index="[${index}]"/></IndexScan></RelOp>`;

Deno.test("scans: by an index, from end to end, or both", () => {
  const seek = relOp("Index Seek", "orders", "IX_at");
  const scan = relOp("Clustered Index Scan", "it&amp;ems", "PK");
  const sort = '<RelOp PhysicalOp="Sort">';
  assert.deepEqual(scanFacts(sort + seek), {
    scanType: "Index Seek using IX_at",
    index: "full",
    sorted: true,
  });
  assert.deepEqual(scanFacts(scan), {
    scanType: "Clustered Index Scan on it&ems",
    index: "none",
    sorted: false,
  });
  for (const [ordered, index] of [["1", "full"], ["true", "full"], ["0", "none"]]) {
    const walked = scan.replace("<IndexScan>", `<IndexScan Ordered="${ordered}">`);
    assert.equal(scanFacts(walked)?.index, index, ordered);
    assert.equal(scanFacts(walked + scan)?.index, index === "full" ? "partial" : "none");
  }
  assert.deepEqual(scanFacts(seek + scan)?.index, "partial");
  assert.equal(scanFacts('<RelOp PhysicalOp="Constant Scan"/>'), null);
});

Deno.test("histograms cut evenly, or not at all", () => {
  const steps = (...rows: number[]) => rows.map((n, i) => ({ bound: `${i}`, rows: n }));
  assert.deepEqual(evenBounds(steps(10, 10, 10, 10)), ["0", "1", "2", "3"]);
  assert.deepEqual(evenBounds(steps(1, 1000, 1)), []);
  assert.deepEqual(evenBounds(steps(10, 10)), []);
  assert.deepEqual(evenBounds([]), []);
  const skewed = evenBounds(steps(30, 10, 10, 10, 10, 10, 10, 10));
  assert.ok(skewed.length >= 3 && skewed.length < 8, `${skewed}`);
});

Deno.test("code pages: single-byte Windows ones and UTF-8", () => {
  assert.ok(decodesCodePage("CP1252") && decodesCodePage("CP874") && decodesCodePage("utf-8"));
  for (const page of ["CP932", "CP936", "CP437", "CP850", null]) assert.ok(!decodesCodePage(page));
  const euro = utf8Table("CP1252")[0x80 - 128];
  assert.deepEqual([euro & 255, (euro >> 8) & 255, (euro >> 16) & 255, euro >>> 24], [
    0xe2,
    0x82,
    0xac,
    3,
  ]);
});

Deno.test("the clock does not count time in which it is paused", async () => {
  const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
  let expired = 0;
  const clock = new StatementClock(1000, () => expired++);
  await wait(30);
  clock.pause();
  clock.pause();
  await wait(1200);
  assert.equal(clock.expired, false);
  clock.resume();
  clock.resume();
  await until("the end", () => clock.expired);
  assert.deepEqual([clock.expired, expired], [true, 1]);
  const stopped = new StatementClock(10, () => expired++);
  stopped.stop();
  stopped.resume();
  new StatementClock(0, () => expired++).resume();
  await wait(40);
  assert.equal(expired, 1);
});

const CONTEXT: ErrorContext = {
  address: "h:1433",
  statementTimeoutMs: 0,
  timedOut: false,
  connecting: false,
};

const driverError = (fields: object, message = "It failed.") =>
  Object.assign(new Error(message), fields);

Deno.test("errors: by number, then by code, then by message; unknown is permanent", () => {
  const cases = [
    [{ number: 208 }, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
    [{ number: 207 }, "SOURCE_OBJECT_NOT_FOUND", "permanent"],
    [{ number: 1205 }, "SOURCE_DEADLOCK", "deadlock"],
    [{ number: 3960 }, "SOURCE_DEADLOCK", "deadlock"],
    [{ number: 1222 }, "SOURCE_TIMEOUT", "timeout"],
    [{ number: 10929 }, "SOURCE_CAPACITY", "capacity"],
    [{ number: 40197 }, "SOURCE_CAPACITY", "capacity"],
    [{ number: 229 }, "SOURCE_PERMISSION", "auth"],
    [{ number: 99_999 }, "SOURCE_QUERY", "permanent"],
    [
      { code: "ECANCEL", cause: driverError({ code: "ECONNRESET" }) },
      "SOURCE_DISCONNECTED",
      "disconnect",
    ],
    [{ code: "EPROTOCOL" }, "SOURCE_DISCONNECTED", "disconnect"],
    [{ code: "EPIPE" }, "SOURCE_DISCONNECTED", "disconnect"],
    [{}, "SOURCE_QUERY", "permanent"],
  ] as const;
  for (const [fields, code, category] of cases) {
    const error = classify(driverError(fields), CONTEXT);
    assert.deepEqual([error.code, error.category], [code, category], JSON.stringify(fields));
  }
  const ended = classify(new ProtocolError("a message ends within a token"), CONTEXT);
  assert.equal(ended.category, "disconnect");
});

Deno.test("errors: of several, the one that is known decides, and all are shown", () => {
  const errors = [driverError({ number: 1 }, "First."), driverError({ number: 1205 }, "Deadlock.")];
  const error = classify(new AggregateError(errors, ""), CONTEXT);
  assert.deepEqual([error.category, error.nativeCode], ["deadlock", "1205"]);
  assert.match(error.message, /First\.; Deadlock\./);
});

Deno.test("errors: a statement that ran into its own timeout is permanent whatever it died of", () => {
  const context = { ...CONTEXT, timedOut: true, statementTimeoutMs: 5000 };
  const error = classify(driverError({ code: "ETIMEOUT" }), context);
  assert.deepEqual([error.code, error.category], ["SOURCE_TIMEOUT", "permanent"]);
  assert.match(error.hint ?? "", /statement_timeout_s \(5 s\)/);
});

Deno.test("errors: while connecting, a refused port is the network and a certificate is TLS", () => {
  const connecting = { ...CONTEXT, connecting: true };
  const refused = driverError({ code: "ECONNREFUSED" });
  assert.equal(classify(refused, connecting).code, "SOURCE_UNREACHABLE");
  const late = driverError({ code: "ETIMEDOUT" }, "the login took longer than 30 s");
  assert.equal(classify(late, connecting).code, "SOURCE_UNREACHABLE");
  const untrusted = driverError({ code: "CERT_HAS_EXPIRED" }, "certificate has expired");
  assert.equal(classify(untrusted, connecting).code, "SOURCE_TLS");
  const lost = driverError({ code: "ECONNRESET" }, "disconnected before TLS was established");
  assert.equal(classify(lost, connecting).code, "SOURCE_DISCONNECTED");
});
