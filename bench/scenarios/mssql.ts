/** The main job on the scripted SQL Server against reading the bytes of its answer and throwing them away. */
import { fileURLToPath } from "node:url";
import { figures, inFolder, measure, type Measured, measureRun, printFigures } from "../measure.ts";
import type { Comparison } from "../results.ts";
import { NOTHING, type OrdersServer, QUERY, startOrders } from "../tds_orders.ts";

const DROP_BYTES = fileURLToPath(new URL("../drop_bytes.ts", import.meta.url));

function run({ port }: OrdersServer, query: string): Promise<Measured> {
  return inFolder((dir) =>
    measureRun(
      dir,
      `source:\n  type: mssql\n  host: 127.0.0.1\n  port: ${port}\n  user: sa\n  password: bench\n` +
        "  database: bench\n  tls: {mode: require}\n  tuning: {profile: fast}\n" +
        `exports:\n  - name: orders\n    query: "${query}"\n    mode: full\n` +
        "    destination: {type: local, path: ./out}\n",
    )
  );
}

/** Both over TLS, as the server wants it. */
export async function compareMssql(rows: number, repeat: number): Promise<Comparison> {
  console.log(`\n${rows} orders x 6 columns from the scripted SQL Server, medians of ${repeat}`);
  const server = await startOrders(rows);
  const dropped: Measured[] = [];
  const empty: Measured[] = [];
  const runs: Measured[] = [];
  try {
    for (let i = 0; i < repeat; i++) {
      dropped.push(
        await measure(Deno.execPath(), [
          "run",
          "-A",
          "--no-check",
          "--unsafely-ignore-certificate-errors=127.0.0.1",
          DROP_BYTES,
          String(server.bytesPort),
        ]),
      );
      empty.push(await run(server, NOTHING));
      runs.push(await run(server, QUERY));
    }
  } finally {
    await server.stop();
  }
  const lines = [
    figures("reading the bytes", dropped),
    // What a start costs, which dropping bytes has next to none of.
    figures("rivet: nothing to read", empty),
    figures("rivet: full", runs),
  ];
  for (const line of lines) printFigures(line, lines[0].seconds);
  return {
    title: "orders x 6 columns, scripted SQL Server",
    rows,
    repeat,
    lines,
    different: {},
  };
}
