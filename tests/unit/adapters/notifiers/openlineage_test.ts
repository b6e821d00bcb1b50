import assert from "node:assert/strict";
import { openLineage } from "../../../../adapters/notifiers/mod.ts";
import { parentRun } from "../../../../adapters/notifiers/openlineage.ts";
import { forgetSecrets, redact } from "../../../../core/base/redact.ts";
import { ConfigError, RivetError } from "../../../../core/base/errors.ts";
import type { LineageConfig } from "../../../../core/config/schema.ts";
import { lineageDouble } from "../../../support/openlineage.ts";

const RUN = "0198c2d0-5d6a-7a51-9d0a-4f6a1d0f3c11";
const env = (values: Record<string, string>) => (name: string) => values[name];
const config = (fields: Partial<LineageConfig> = {}): LineageConfig => ({
  timeout_s: 5,
  ...fields,
});

async function opened(fields: Partial<LineageConfig>, values: Record<string, string> = {}) {
  const receiver = await openLineage(config(fields), env(values));
  assert.ok(receiver !== null);
  return receiver;
}

Deno.test("what the block leaves out comes from the variables of OpenLineage's own clients", async () => {
  const double = lineageDouble();
  try {
    const values = {
      OPENLINEAGE_URL: `${double.url}/behind/`,
      OPENLINEAGE_ENDPOINT: "/lineage/v2",
      OPENLINEAGE_NAMESPACE: "warehouse",
      OPENLINEAGE_API_KEY: "k3y-0f-the-r3ceiver",
    };
    const receiver = await opened({}, values);
    assert.equal(receiver.namespace, "warehouse");
    await receiver.send({ eventType: "START" });
    assert.deepEqual(double.requests, ["POST /behind/lineage/v2 Bearer k3y-0f-the-r3ceiver"]);
    assert.equal(redact("Bearer k3y-0f-the-r3ceiver"), "Bearer REDACTED");

    const written = await opened({ url: double.url, namespace: "mine", endpoint: "e" }, values);
    assert.equal(written.namespace, "mine");
    await written.send({});
    assert.match(double.requests[1], /^POST \/e /);
    assert.equal((await opened({ url: double.url })).namespace, "default");
  } finally {
    forgetSecrets();
    await double.close();
  }
});

Deno.test("a user and a password in the address are sent as they are asked for, and nowhere shown", async () => {
  const double = lineageDouble();
  try {
    const url = double.url.replace("//", "//lineage:p%40ssw0rd-1@");
    const receiver = await opened({ url });
    await receiver.send({});
    assert.deepEqual(double.requests, [
      `POST /api/v1/lineage Basic ${btoa("lineage:p@ssw0rd-1")}`,
    ]);
    assert.ok(!receiver.address.includes("p%40ss"));
    assert.equal(redact("p@ssw0rd-1"), "REDACTED");
  } finally {
    forgetSecrets();
    await double.close();
  }
});

Deno.test("nobody is told where the environment says so", async () => {
  const values = { OPENLINEAGE_DISABLED: "true" };
  assert.equal(await openLineage(config({ url: "http://there" }), env(values)), null);
});

Deno.test("an address or key that is missing, or is none, is named", async () => {
  const cases: readonly [Partial<LineageConfig>, RegExp][] = [
    [{}, /^lineage\.url: the environment variable OPENLINEAGE_URL is not set$/],
    [{ url_env: "HOOK" }, /^lineage\.url_env: the environment variable HOOK is not set$/],
    [{ url: "ftp://there" }, /^lineage\.url: not a http/],
    [{ url: "http://there", api_key_env: "KEY" }, /^lineage\.api_key_env: .* KEY is not set$/],
  ];
  for (const [fields, message] of cases) {
    await assert.rejects(
      () => openLineage(config(fields), env({})),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  }
});

async function refusal(status: number | null): Promise<{ message: string; requests: number }> {
  const double = lineageDouble(status);
  try {
    const receiver = await opened({ url: double.url, timeout_s: 1 });
    const failed = receiver.send({ eventType: "START" });
    const error = await failed.then(() => null, (error) => error);
    assert.ok(error instanceof RivetError && error.code === "LINEAGE_FAILED", String(error));
    return { message: error.message, requests: double.requests.length };
  } finally {
    await double.close();
  }
}

Deno.test("what can pass is tried twice, in one bounded time; what cannot is not", async () => {
  const busy = await refusal(503);
  assert.match(busy.message, /^OpenLineage at 127\.0\.0\.1:\d+ after 2 attempts: HTTP 503$/);
  assert.equal(busy.requests, 2);
  const refused = await refusal(422);
  assert.match(refused.message, /: HTTP 422$/);
  assert.equal(refused.requests, 1);
  const silent = await refusal(null);
  assert.match(silent.message, /: no answer within 1 s$/);
  assert.equal(silent.requests, 1);
});

Deno.test("a probe passes where anybody answers that takes the key", async () => {
  for (
    const [status, passes] of [[405, true], [404, true], [401, false], [503, false], [
      302,
      false,
    ]] as const
  ) {
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen: () => {} },
      () => new Response("", { status }),
    );
    try {
      const receiver = await opened({ url: `http://127.0.0.1:${server.addr.port}` });
      const probe = receiver.probe(new AbortController().signal);
      if (passes) {
        const { answer, doubt } = await probe;
        assert.equal(answer, `answers (HTTP ${status})`);
        if (status === 405) assert.equal(doubt, null);
        else assert.match(doubt ?? "", /^HTTP 404: nothing seems to be at \/api\/v1\/lineage/);
      } else await assert.rejects(probe, { code: "LINEAGE_FAILED" });
    } finally {
      await server.shutdown();
    }
  }
  const away = await opened({ url: "http://127.0.0.1:9" });
  await assert.rejects(away.probe(new AbortController().signal), { code: "LINEAGE_FAILED" });
});

Deno.test("the run that started this one is read as Airflow and dbt hand it on", () => {
  const parent = (id: string, root?: string) =>
    parentRun(env({
      OPENLINEAGE_PARENT_ID: id,
      ...(root === undefined ? {} : { OPENLINEAGE_ROOT_PARENT_ID: root }),
    }));
  const plain = { namespace: "prod", job: "dag.task", runId: RUN };
  assert.deepEqual(parent(`prod/dag.task/${RUN}`), { ...plain, root: null });
  assert.deepEqual(parent(`prod/dag.task/${RUN.toUpperCase()}`, `prod/dag/${RUN}`), {
    ...plain,
    root: { namespace: "prod", job: "dag", runId: RUN },
  });
  assert.equal(parent(`http://airflow/a/dag/${RUN}`)?.namespace, "http://airflow/a");
  for (const wrong of ["", "dag", `dag/${RUN}`, `/dag/${RUN}`, `prod//${RUN}`, "prod/dag/1"]) {
    assert.equal(parent(wrong), null, wrong);
  }
  assert.equal(parentRun(env({})), null);
});
