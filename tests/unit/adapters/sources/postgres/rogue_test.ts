/** Servers that break their word, over a real socket: each ends in time, with the right error. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { postgres } from "../../../../../adapters/sources/postgres/mod.ts";
import { type ErrorCategory, type ErrorCode, RivetError } from "../../../../../core/base/errors.ts";
import type { SourceConfig } from "../../../../../core/config/schema.ts";
import { resolveTuning } from "../../../../../core/config/tuning.ts";
import type { ConnectOptions, ReadRequest, Source } from "../../../../../core/ports/source.ts";
import {
  AUTH_OK,
  authentication,
  error,
  int32,
  lyingHeader,
  message,
  READY,
  type RogueClient,
  type RogueServer,
  rowOf,
  scram,
  startRogue,
  WELCOME,
} from "../../../../support/rogue_postgres.ts";
import { until } from "../../../../support/until.ts";

const PASSWORD = "s3cret-word";
/** Generous: what hangs is over by then, whatever else the machine does. */
const BOUND_MS = 20_000;

interface Options {
  readonly parameters?: string;
  readonly source?: Partial<SourceConfig>;
  readonly networkTimeoutS?: number;
  readonly signal?: AbortSignal;
}

function connect({ port }: RogueServer, options: Options = {}): Promise<Source> {
  const { parameters = "", source, networkTimeoutS = 0, signal } = options;
  const url = `postgres://u:${PASSWORD}@127.0.0.1:${port}/d?${parameters}`;
  const given: ConnectOptions = {
    source: { type: "postgres", url, ...source },
    tuning: { ...resolveTuning({ profile: "fast" }), networkTimeoutS },
    applicationName: "rivet/test",
    ...(signal === undefined ? {} : { signal }),
  };
  return postgres.connect(given);
}

/** The error of `work`, which comes within the bound. */
async function failure(work: Promise<unknown>): Promise<RivetError> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => timer = setTimeout(resolve, BOUND_MS, "late"));
  try {
    const thrown = await Promise.race([work.then(() => "nothing", (e: unknown) => e), late]);
    assert.ok(thrown instanceof RivetError, `ended with ${thrown}`);
    const text = `${thrown.message} ${thrown.hint}`;
    assert.ok(!text.includes(PASSWORD) && !text.includes("undefined:"), text);
    return thrown;
  } finally {
    clearTimeout(timer);
  }
}

async function fails(
  work: Promise<unknown>,
  code: ErrorCode,
  category: ErrorCategory,
  text: RegExp,
): Promise<RivetError> {
  const thrown = await failure(work);
  assert.deepEqual([thrown.code, thrown.category], [code, category], thrown.message);
  assert.match(`${thrown.message}\n${thrown.hint ?? ""}`, text);
  return thrown;
}

const SILENT = (client: RogueClient) => client.silence();

/** Answers the two transactions that connecting asks for. */
async function welcome(client: RogueClient): Promise<void> {
  await client.send(WELCOME);
  for (let i = 0; i < 2; i++) await brief(client, rowOf("4242", "15.0"));
}

/** Answers one flight that is a transaction of one statement. @returns the statement. */
async function brief(client: RogueClient, answer: Uint8Array, pid = 4242): Promise<string> {
  const [begin, set, statement, ...more] = await client.readFlight();
  assert.match(begin, /^BEGIN .* READ ONLY$/);
  assert.match(set, /set_config\('statement_timeout', /);
  assert.deepEqual(more, ["COMMIT"]);
  await client.send(
    ...[message("C", "BEGIN"), rowOf(String(pid)), answer, message("C", "COMMIT"), READY],
  );
  return statement;
}

/** A server whose first client gets as far as its first statement; the others get `others`. */
function connected(
  statement: (client: RogueClient, server: RogueServer) => Promise<void>,
  others: (client: RogueClient) => Promise<void> = SILENT,
): RogueServer {
  const server: RogueServer = startRogue(async (client, index) => {
    if (index > 0) return await others(client);
    await welcome(client);
    await statement(client, server);
  });
  return server;
}

const REQUEST: ReadRequest = {
  sql: "SELECT id FROM t",
  columns: [{
    name: "id",
    type: { kind: "int", bits: 32, signed: true },
    nullable: false,
    nativeType: "int4",
    fidelity: "exact",
  }],
  access: "statement",
  fetchRows: 0,
  batchBytes: 1 << 20,
  batchRows: 1000,
  throttleMs: 0,
  maxValueBytes: 1000,
};

const COPY_HEADER = [80, 71, 67, 79, 80, 89, 10, 255, 13, 10, 0, 0, 0, 0, 0, 0, 0, 0, 0];
const copyRow = (id: number) => [0, 1, 0, 0, 0, 4, ...int32(id)];
const COPY_START = [message("H", [1, 0, 0]), message("d", [...COPY_HEADER, ...copyRow(1)])];
const COPY_END = [
  message("d", [255, 255]),
  message("c"),
  message("C", "COPY 1"),
  message("C", "COMMIT"),
  READY,
];

async function readRows(source: Source, request: Partial<ReadRequest> = {}): Promise<number> {
  let rows = 0;
  for await (const batch of source.read({ ...REQUEST, ...request })) rows += batch.rows;
  return rows;
}

async function copying(client: RogueClient): Promise<void> {
  await client.beginRead();
  await client.send(...COPY_START);
}

/** Runs `test`, and leaves nothing behind. */
async function withServer(
  server: RogueServer,
  test: () => Promise<void>,
): Promise<void> {
  try {
    await test();
  } finally {
    await server.stop();
  }
}

async function withSource(
  server: RogueServer,
  options: Options,
  test: (source: Source) => Promise<void>,
): Promise<void> {
  await withServer(server, async () => {
    const source = await connect(server, options);
    try {
      await test(source);
    } finally {
      await source.close();
    }
  });
}

const LOGINS: readonly {
  readonly name: string;
  readonly serve: (client: RogueClient) => Promise<void>;
  readonly options?: Options;
  readonly code: ErrorCode;
  readonly category: ErrorCategory;
  readonly text: RegExp;
}[] = [
  {
    name: "silent from the start",
    serve: SILENT,
    options: { parameters: "connect_timeout=1" },
    code: "SOURCE_UNREACHABLE",
    category: "network",
    text: /127\.0\.0\.1:\d+.*login took over 1 s/,
  },
  {
    name: "silent after the authentication",
    serve: async (client) => {
      await client.send(AUTH_OK);
      await client.silence();
    },
    options: { parameters: "connect_timeout=1" },
    code: "SOURCE_UNREACHABLE",
    category: "network",
    text: /login took over 1 s/,
  },
  {
    name: "silent for longer than network_timeout_s",
    serve: SILENT,
    options: { networkTimeoutS: 1 },
    code: "SOURCE_DISCONNECTED",
    category: "network",
    text: /nothing came from the server for 1 s/,
  },
  {
    name: "full, and gone",
    serve: (client) => client.send(error("FATAL", "53300", "sorry, too many clients already")),
    code: "SOURCE_CAPACITY",
    category: "capacity",
    text: /too many clients/,
  },
  {
    name: "a pooler that cannot reach its server",
    serve: (client) =>
      client.send(
        error("FATAL", "08P01", "server login has been failing, try again (server_login_retry)"),
      ),
    code: "SOURCE_CAPACITY",
    category: "capacity",
    text: /login has been failing/,
  },
  {
    name: "hangs up without a word",
    serve: () => Promise.resolve(),
    code: "SOURCE_DISCONNECTED",
    category: "disconnect",
    text: /closed the connection|connection broke/,
  },
  {
    name: "speaks something else",
    serve: (client) => client.send(new TextEncoder().encode("HTTP/1.1 400 Bad Request\r\n\r\n")),
    code: "SOURCE_QUERY",
    category: "permanent",
    text: /"H" of \d+ bytes[^]*Is it a PostgreSQL server/,
  },
  {
    name: "asks for the password as it is",
    serve: async (client) => {
      await client.send(authentication(3));
      const { body } = await client.readMessage();
      assert.fail(`the password was sent: ${body}`);
    },
    code: "SOURCE_AUTH",
    category: "auth",
    text: /plain text over a connection that is not encrypted[^]*allow_cleartext_password/,
  },
  {
    name: "asks for Kerberos",
    serve: (client) => client.send(authentication(7)),
    code: "SOURCE_AUTH",
    category: "auth",
    text: /GSSAPI.*not supported/,
  },
  {
    name: "lets in by MD5 where require_auth wants SCRAM",
    serve: (client) => client.send(authentication(5, new Uint8Array(4))),
    options: { parameters: "require_auth=scram-sha-256" },
    code: "SOURCE_AUTH",
    category: "auth",
    text: /asks for md5, which require_auth does not allow/,
  },
  {
    name: "lets in without a login where require_auth wants one",
    serve: (client) => client.send(WELCOME),
    options: { parameters: "require_auth=scram-sha-256" },
    code: "SOURCE_AUTH",
    category: "auth",
    text: /asks for nothing/,
  },
  {
    name: "no TLS to bind to where channel_binding is required",
    serve: (client) => client.send(authentication(10, "SCRAM-SHA-256", new Uint8Array(1))),
    options: { parameters: "channel_binding=require" },
    code: "SOURCE_AUTH",
    category: "auth",
    text: /channel_binding=require/,
  },
  {
    name: "SCRAM with two thousand million iterations",
    serve: async (client) => void await scram(client, PASSWORD, { iterations: 2_000_000_000 }),
    code: "SOURCE_AUTH",
    category: "auth",
    text: /asks for 2000000000 iterations/,
  },
  {
    name: "SCRAM with a nonce of its own",
    serve: async (client) => void await scram(client, PASSWORD, { nonce: () => "another" }),
    code: "SOURCE_AUTH",
    category: "auth",
    text: /does not answer this client's nonce/,
  },
  {
    name: "SCRAM that adds nothing to the nonce",
    serve: async (client) => void await scram(client, PASSWORD, { nonce: (own) => own }),
    code: "SOURCE_AUTH",
    category: "auth",
    text: /does not answer this client's nonce/,
  },
  {
    name: "SCRAM by one that does not know the password",
    serve: async (client) => {
      await scram(client, PASSWORD, { signature: () => "AAAA" });
      await client.send(WELCOME);
    },
    code: "SOURCE_AUTH",
    category: "auth",
    text: /does not know the password itself/,
  },
  {
    name: "SCRAM without the server's proof",
    serve: async (client) => {
      await scram(client, PASSWORD, { skipFinal: true });
      await client.send(WELCOME);
    },
    code: "SOURCE_AUTH",
    category: "auth",
    text: /without proving that it knows the password/,
  },
];

for (const { name, serve, options, code, category, text } of LOGINS) {
  Deno.test(`rogue login: ${name}`, async () => {
    const server = startRogue(serve);
    await withServer(server, async () => {
      await fails(connect(server, options), code, category, text);
    });
  });
}

Deno.test("login: SCRAM against the other half of the RFC", async () => {
  let login: Awaited<ReturnType<typeof scram>> | null = null;
  const server = startRogue(async (client) => {
    login = await scram(client, PASSWORD);
    await welcome(client);
    await client.silence();
  });
  await withSource(server, {}, () => Promise.resolve());
  assert.deepEqual(login, { mechanism: "SCRAM-SHA-256", proven: true });
});

Deno.test("login: the password as it is, where that is allowed", async () => {
  let sent = "";
  const server = startRogue(async (client) => {
    await client.send(authentication(3));
    sent = (await client.readMessage()).body.toString();
    await welcome(client);
    await client.silence();
  });
  await withSource(server, { source: { allow_cleartext_password: true } }, () => Promise.resolve());
  assert.equal(sent, `${PASSWORD}\0`);
});

Deno.test("login: read-only from the first moment on, and not where a pooler refuses that", async () => {
  const refusal = error("FATAL", "08P01", "unsupported startup parameter: statement_timeout");
  const server = startRogue(async (client, index) => {
    if (index === 0) return await client.send(refusal);
    await welcome(client);
    await client.silence();
  });
  await withServer(server, async () => {
    for (let i = 0; i < 2; i++) await (await connect(server)).close();
  });
  const settings = server.clients.map((c) => c.parameters.default_transaction_read_only);
  // The refusal is remembered.
  assert.deepEqual(settings, ["on", undefined, undefined]);
  assert.ok(server.clients.every((client) => client.parameters.client_encoding === "UTF8"));
});

Deno.test("silent within a COPY, and to the question whether it is at work", async () => {
  const server = connected(async (client) => {
    await copying(client);
    await client.silence();
  });
  await withSource(server, { networkTimeoutS: 1 }, async (source) => {
    await fails(readRows(source), "SOURCE_DISCONNECTED", "network", /nothing came .* for 1 s/);
  });
});

/** A second session that is asked about the first. */
async function asked(client: RogueClient, answer: string): Promise<void> {
  if (client.cancels) return;
  await client.send(WELCOME);
  await client.readFlight();
  await client.send(rowOf(answer), READY);
  await client.silence();
}

const PLAN = '[{"Plan": {"Node Type": "Seq Scan", "Plan Rows": 7, "Plans": []}}]';

Deno.test("a question to the catalog is one flight, and behind a pooler the process is known before it is asked", async () => {
  const seen: string[] = [];
  const direct = connected(async (client) => {
    seen.push(await brief(client, rowOf(PLAN)));
    await client.silence();
  });
  await withSource(
    direct,
    {},
    async (source) => assert.equal(await source.estimateRows("SELECT 1"), 7),
  );
  assert.match(seen[0], /^EXPLAIN /);

  const pooled = startRogue(async (client) => {
    await client.send(WELCOME);
    for (const pid of [1, 2]) await brief(client, rowOf(String(pid), "15.0"), pid);
    await client.begin(3);
    seen.push(...await client.readFlight());
    await client.send(rowOf(PLAN), READY);
    seen.push(...await client.readFlight());
    await client.send(message("C", "COMMIT"), READY);
    await client.silence();
  });
  await withSource(
    pooled,
    {},
    async (source) => assert.equal(await source.estimateRows("SELECT 1"), 7),
  );
  assert.match(seen[1], /^EXPLAIN /);
  assert.equal(seen[2], "COMMIT");
});

Deno.test("silent, but at work: the wait goes on", async () => {
  let questions = 0;
  const { promise: enough, resolve } = Promise.withResolvers<void>();
  const server = connected(async (client) => {
    await copying(client);
    await enough;
    await client.send(...COPY_END);
    await client.silence();
  }, async (client) => {
    questions++;
    await asked(client, "t");
    if (questions === 2) resolve();
  });
  await withSource(server, { networkTimeoutS: 2 }, async (source) => {
    assert.equal(await readRows(source), 1);
  });
  assert.equal(questions, 2);
  assert.match(server.clients[1].statements[0], /pg_stat_activity WHERE pid = 4242/);
});

Deno.test("silent, and not at work", async () => {
  const server = connected(async (client) => {
    await copying(client);
    await client.silence();
  }, (client) => asked(client, "f"));
  await withSource(server, { networkTimeoutS: 1 }, async (source) => {
    await fails(readRows(source), "SOURCE_DISCONNECTED", "network", /nothing came/);
  });
});

Deno.test("what a server says before it hangs up is the error, in a COPY and between statements", async () => {
  const shutdown = error("FATAL", "57P01", "terminating connection due to administrator command");
  const within = connected(async (client) => {
    await copying(client);
    await client.send(shutdown);
  });
  await withSource(within, {}, async (source) => {
    await fails(readRows(source), "SOURCE_DISCONNECTED", "capacity", /administrator command/);
    await fails(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /is closed/);
  });
  const between = connected((client) => client.send(shutdown));
  await withSource(between, {}, async (source) => {
    await new Promise((resolve) => setTimeout(resolve, 100));
    const error = await failure(source.rows("SELECT 1"));
    assert.deepEqual([error.nativeCode, error.category], ["57P01", "capacity"]);
  });
  const crashed = connected(async (client) => {
    await client.begin();
    await client.readFlight();
    // Some poolers say ERROR and hang up all the same.
    await client.send(error("ERROR", "08P01", "server conn crashed?"));
  });
  await withSource(crashed, {}, async (source) => {
    await fails(source.rows("SELECT 1"), "SOURCE_DISCONNECTED", "disconnect", /conn crashed/);
  });
});

Deno.test("a row that says it has 1.2 GB", async () => {
  const server = connected(async (client) => {
    await copying(client);
    await client.send(lyingHeader("d", 1_200_000_000));
    await client.silence();
  });
  await withSource(server, {}, async (source) => {
    await fails(readRows(source), "SOURCE_QUERY", "permanent", /1200000000 bytes/);
  });
});

Deno.test("a COPY that never began, or whose end did not come, is no empty table", async () => {
  const endings = [[READY], [...COPY_START, message("c"), message("C", "COPY 1"), READY]];
  for (const ending of endings) {
    const server = connected(async (client) => {
      await client.beginRead();
      await client.send(...ending);
      await client.silence();
    });
    await withSource(server, {}, async (source) => {
      await fails(readRows(source), "SOURCE_QUERY", "permanent", /a COPY without its end/);
    });
  }
});

Deno.test("a FETCH whose end did not come is no end of the cursor", async () => {
  const server = connected(async (client) => {
    await client.begin();
    await client.readFlight();
    await client.send(message("C", "DECLARE CURSOR"), READY);
    await client.readFlight();
    await client.send(READY);
    await client.silence();
  });
  await withSource(server, {}, async (source) => {
    const rows = readRows(source, { access: "cursor", fetchRows: 10 });
    await fails(rows, "SOURCE_QUERY", "permanent", /a FETCH without its end/);
  });
});

Deno.test("the first error is told, though the statement cannot be cancelled", async () => {
  const server = connected(async (client, { refuse }) => {
    await client.beginRead();
    // Nobody takes a cancel request any more.
    refuse();
    const wide = [0, 1, ...int32(5000), ...new Uint8Array(5000)];
    await client.send(message("H", [1, 0, 0]), message("d", [...COPY_HEADER, ...wide]));
    await client.silence();
  });
  await withSource(server, {}, async (source) => {
    await fails(readRows(source), "VALUE_OUT_OF_RANGE", "permanent", /column "id" holds a value/);
  });
});

const INTERRUPTIONS: readonly {
  readonly name: string;
  readonly server: () => RogueServer;
  readonly work: (server: RogueServer, signal: AbortSignal) => Promise<unknown>;
}[] = [
  {
    name: "a login",
    server: () => startRogue(SILENT),
    work: (server, signal) => connect(server, { signal }),
  },
  {
    name: "a statement that planning runs, which ignores its cancellation",
    server: () =>
      connected(async (client) => {
        await client.begin();
        await client.silence();
      }),
    work: async (server, signal) => {
      const source = await connect(server, { signal });
      try {
        return await source.rows("SELECT 1");
      } finally {
        await source.close();
      }
    },
  },
  {
    name: "a read",
    server: () =>
      connected(async (client) => {
        await copying(client);
        await client.silence();
      }),
    work: async (server, signal) => {
      const source = await connect(server);
      try {
        return await readRows(source, { signal });
      } finally {
        await source.close();
      }
    },
  },
];

for (const { name, server: start, work } of INTERRUPTIONS) {
  Deno.test(`an interrupt ends ${name}, as an interrupt`, async () => {
    const server = start();
    await withServer(server, async () => {
      const controller = new AbortController();
      const ended = failure(work(server, controller.signal));
      await until("the wait", () => server.clients[0]?.silent ?? false);
      controller.abort();
      const thrown = await ended;
      assert.equal(thrown.code, "INTERRUPTED");
    });
    const cancels = server.clients.filter((client) => client.cancels).length;
    assert.equal(cancels, name === "a login" ? 0 : 1);
  });
}

Deno.test("a server that leaves while TLS is negotiated is lost, whatever is checked of it", async () => {
  const server = startRogue((client) => client.send(Buffer.from("S")));
  await withServer(server, async () => {
    for (const sslmode of ["require", "verify-full"]) {
      const connecting = connect(server, { parameters: `sslmode=${sslmode}` });
      await fails(connecting, "SOURCE_DISCONNECTED", "disconnect", /before TLS was agreed on/);
    }
  });
});
