/** What the client says of servers that speak something else, over real sockets. */
import assert from "node:assert/strict";
import { HttpClient } from "../../../../../adapters/destinations/kit/http/client.ts";
import { configureLogging, type LogEntry } from "../../../../../core/base/log.ts";
import { forgetSecrets, registerSecret } from "../../../../../core/base/redact.ts";

/** A server that answers every connection with these bytes, whatever it is sent. */
async function failureFrom(answer: string | Uint8Array): Promise<Error & { code?: string }> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const bytes = typeof answer === "string" ? new TextEncoder().encode(answer) : answer;
  const serving = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    await connection.write(bytes);
  })();
  const client = new HttpClient({ caCerts: [], proxyFor: () => null });
  try {
    await client.send({
      method: "GET",
      origin: { secure: false, hostname: "127.0.0.1", port: listener.addr.port },
      target: "/",
      headers: {},
      body: [],
    });
  } catch (error) {
    assert.ok(error instanceof Error);
    return error;
  } finally {
    await serving;
    client.close();
    listener.close();
  }
  throw new assert.AssertionError({ message: "it was taken for an answer" });
}

Deno.test("a server that wants TLS is known by its alert, and by what it says in plain HTTP", async () => {
  const said = [
    "Client sent an HTTP request to an HTTPS server.\\n",
    "<html>400 The plain HTTP request was sent to HTTPS port</html>",
    "You're speaking plain HTTP to an SSL-enabled server port.",
  ];
  const answers = said.map((text) =>
    `HTTP/1.1 400 Bad Request\r\ncontent-length: ${text.length}\r\nconnection: close\r\n\r\n${text}`
  );
  for (const answer of [Uint8Array.of(0x15, 3, 3, 0, 2, 2, 10), ...answers]) {
    assert.equal((await failureFrom(answer)).code, "SPEAKS_TLS");
  }
});

Deno.test("what something else answers is shown in part, without half of a secret", async () => {
  const secret = "Zq81-a-token-that-is-known-04";
  registerSecret(secret);
  try {
    const error = await failureFrom(`SSH-2.0 ${"x".repeat(60)}${secret}\r\n`);
    assert.equal(error.code, "NOT_HTTP");
    assert.match(error.message, /^not an HTTP answer: "SSH-2\.0 x+/);
    assert.doesNotMatch(error.message, /Zq81/);
  } finally {
    forgetSecrets();
  }
});

Deno.test("over plain HTTP, a used connection that is closed without an answer is replaced at once", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const answer = new TextEncoder().encode("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok");
  const asked: number[] = [];
  /** One answer on the first connection, then the end after the next request; the second one answers. */
  const serving = (async () => {
    for (let connection = 1; connection <= 2; connection++) {
      using client = await listener.accept();
      for (let request = 1; request <= 2; request++) {
        if (await client.read(new Uint8Array(4096)) === null) break;
        asked.push(connection);
        if (connection === 1 && request === 2) break;
        await client.write(answer);
      }
    }
  })();
  const client = new HttpClient({ caCerts: [], proxyFor: () => null });
  const send = () =>
    client.send({
      method: "PUT",
      origin: { secure: false, hostname: "127.0.0.1", port: listener.addr.port },
      target: "/",
      headers: {},
      body: [new Uint8Array(1000)],
    });
  try {
    for (let n = 0; n < 2; n++) assert.equal(new TextDecoder().decode((await send()).bytes), "ok");
    assert.deepEqual(asked, [1, 1, 2]);
  } finally {
    client.close();
    await serving;
    listener.close();
  }
});

Deno.test("a request is said at debug with its status, and without its query, which may be signed", async () => {
  const entries: LogEntry[] = [];
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serving = (async () => {
    using connection = await listener.accept();
    await connection.read(new Uint8Array(4096));
    const answer = "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
    await connection.write(new TextEncoder().encode(answer));
  })();
  const client = new HttpClient({ caCerts: [], proxyFor: () => null });
  configureLogging({ level: "debug", sink: (entry) => entries.push(entry) });
  try {
    await client.send({
      method: "HEAD",
      origin: { secure: false, hostname: "127.0.0.1", port: listener.addr.port },
      target: "/bucket/key?X-Amz-Signature=0123abcd",
      headers: {},
      body: [],
    });
  } finally {
    configureLogging({ level: "error", sink: () => {} });
    await serving;
    client.close();
    listener.close();
  }
  assert.equal(entries.length, 1);
  assert.match(entries[0].text, /^HEAD 127\.0\.0\.1:\d+\/bucket\/key: 404, \d+ ms$/);
  assert.equal(entries[0].fields?.status, 404);
  assert.doesNotMatch(JSON.stringify(entries), /0123abcd/);
});
