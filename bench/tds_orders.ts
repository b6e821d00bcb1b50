/**
 * Orders of six columns (bigint, bigint, nvarchar, decimal(10,2), int, datetime2) from the scripted SQL Server, in a
 * process of its own: `deno run -A bench/tds_orders.ts <rows>` prints the port of the server, and that of one which
 * sends the packets of the same answer to whoever connects, and serves until its stdin ends.
 */
import { Buffer } from "node:buffer";
import { makeCertificates } from "../tests/support/tds/certificate.ts";
import { PACKET, packet, type Wire, writeAll } from "../tests/support/tds/packets.ts";
import { column, result, sessionRules } from "../tests/support/tds/script.ts";
import { type Step, TdsServer } from "../tests/support/tds/server.ts";
import { colMetadata, done, row } from "../tests/support/tds/tokens.ts";
import { types as t } from "../tests/support/tds/types.ts";

export const QUERY = "SELECT * FROM orders";
/** The same columns, and no row. */
export const NOTHING = "SELECT * FROM nothing";

export const COLUMNS = [
  column("id", t.bigintNotNull(), false),
  column("user_id", t.bigint()),
  column("product", t.nvarchar(40)),
  column("price", t.decimal(10, 2)),
  column("quantity", t.int()),
  column("created_at", t.datetime2(6)),
];
export const BLOCK_ROWS = 10_000;
const PACKET_BYTES = 32_767 - 8;

/** The same rows again and again. */
export function block(): Buffer {
  const two = (n: number) => String(n).padStart(2, "0");
  return Buffer.concat(Array.from({ length: BLOCK_ROWS }, (_, i) =>
    row(COLUMNS, [
      BigInt(i),
      BigInt((i * 7919) % 200_000),
      `product-${i % 1000}`,
      `${(i * 31) % 100_000}.${two(i % 100)}`,
      i % 9 + 1,
      `2024-01-${two(i % 28 + 1)} ${two(i % 24)}:${two(i % 60)}:00.${String(i).padStart(6, "0")}`,
    ])));
}

function* orders(rows: number, bytes: Uint8Array): Generator<Step> {
  yield colMetadata(COLUMNS);
  for (let sent = 0; sent < rows; sent += BLOCK_ROWS) yield bytes;
  yield done({ more: true, rows });
}

/** Sends the rows' packets, and hangs up. */
async function send(wire: Wire, rows: number, bytes: Uint8Array): Promise<void> {
  for (let sent = 0; sent < rows; sent += BLOCK_ROWS) {
    for (let at = 0; at < bytes.length; at += PACKET_BYTES) {
      await writeAll(wire, packet(PACKET.RESPONSE, bytes.subarray(at, at + PACKET_BYTES), false));
    }
  }
  wire.close();
}

async function serve(rows: number): Promise<void> {
  const bytes = block();
  const certificates = makeCertificates(["127.0.0.1"]);
  const server = TdsServer.start({
    certificates,
    rules: [
      ...sessionRules(),
      { sql: /BEGIN TRANSACTION|COMMIT/, reply: () => [done({ more: true })] },
      { sql: "SHOWPLAN_XML", reply: () => [done({ more: true })] },
      { sql: "TOP (0)", reply: () => result(COLUMNS, []) },
      { sql: QUERY, reply: () => orders(rows, bytes) },
      { sql: NOTHING, reply: () => result(COLUMNS, []) },
    ],
  });
  const plain = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: certificates.certificate,
    key: certificates.key,
  });
  console.log(`${server.port} ${(plain.addr as Deno.NetAddr).port}`);
  (async () => {
    for await (const wire of plain) await send(wire, rows, bytes);
  })();
  for await (const _ of Deno.stdin.readable);
  plain.close();
  await server.stop();
}

/** Where a server started by `startOrders` listens. */
export interface OrdersServer {
  /** Of the server. */
  readonly port: number;
  /** Of the one that sends the same packets unasked, over TLS as well. */
  readonly bytesPort: number;
  stop(): Promise<void>;
}

export async function startOrders(rows: number): Promise<OrdersServer> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", import.meta.filename ?? "", String(rows)],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  const { value } = await reader.read();
  const [port, bytesPort] = new TextDecoder().decode(value).trim().split(" ").map(Number);
  return {
    port,
    bytesPort,
    async stop() {
      await child.stdin.close();
      await reader.cancel();
      await child.status;
    },
  };
}

if (import.meta.main) await serve(Number(Deno.args[0]));
