/** A TCP proxy in front of a database server, which makes chosen connections go wrong. */

/** What happens to one connection; bytes count what the server has sent on it. */
export type WireFault =
  /** Passes nothing on after so many bytes, and keeps the connection. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** Breaks the connection after so many bytes. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** Every piece comes late. */
  | { readonly kind: "late"; readonly ms: number }
  /** A few bytes at a time, after so many at once. */
  | {
    readonly kind: "drip";
    readonly afterBytes: number;
    readonly bytes: number;
    readonly ms: number;
  };

export interface WireProxy {
  readonly port: number;
  /** Connections so far. */
  readonly connections: number;
  /** Connections that have come to where they go wrong. */
  readonly reached: number;
  /** From now on nothing passes on any connection, which all stay. */
  hold(): void;
  stop(): Promise<void>;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** @param faultOf the fault of the connection of this number, from 1; null: none. */
export function startWireProxy(
  targetPort: number,
  faultOf: (connection: number) => WireFault | null,
): WireProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const open = new Set<Deno.Conn>();
  const pipes: Promise<void>[] = [];
  let connections = 0;
  let reached = 0;
  let held = false;
  const close = (conn: Deno.Conn) => {
    open.delete(conn);
    try {
      conn.close();
    } catch {
      // The other direction has closed it.
    }
  };

  async function serve(client: Deno.Conn, fault: WireFault | null): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: targetPort });
    for (const conn of [client, server]) open.add(conn);
    await Promise.all([pipe(client, server, null), pipe(server, client, fault)]);
  }

  async function pipe(from: Deno.Conn, to: Deno.Conn, fault: WireFault | null): Promise<void> {
    const block = new Uint8Array(32 * 1024);
    let passed = 0;
    try {
      for (let n = await from.read(block); n !== null; n = await from.read(block)) {
        await pass(block.slice(0, n));
      }
    } catch {
      // Broken on either side: both are closed.
    }
    close(from);
    close(to);

    async function pass(bytes: Uint8Array): Promise<void> {
      if (held) await new Promise(() => {});
      if (fault?.kind === "late") await sleep(fault.ms);
      const left = fault !== null && "afterBytes" in fault
        ? Math.max(0, fault.afterBytes - passed)
        : bytes.length;
      await writeAll(to, bytes.subarray(0, Math.min(left, bytes.length)));
      passed += bytes.length;
      const rest = bytes.subarray(Math.min(left, bytes.length));
      if (rest.length === 0 || fault === null) return;
      reached++;
      if (fault.kind === "cut") throw new Error("cut");
      // What is held back is never passed on; the client gives up.
      if (fault.kind === "stall") {
        await from.read(new Uint8Array(1)).then(() => new Promise(() => {}));
      }
      if (fault.kind !== "drip") return;
      for (let at = 0; at < rest.length; at += fault.bytes) {
        await writeAll(to, rest.subarray(at, at + fault.bytes));
        await sleep(fault.ms);
      }
    }
  }

  async function writeAll(to: Deno.Conn, bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
  }

  const accepting = (async () => {
    try {
      for await (const client of listener) {
        pipes.push(serve(client, faultOf(++connections)).catch(() => close(client)));
      }
    } catch {
      // The listener was closed.
    }
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    get connections() {
      return connections;
    },
    hold() {
      held = true;
    },
    get reached() {
      return reached;
    },
    async stop() {
      listener.close();
      for (const conn of [...open]) close(conn);
      await accepting;
    },
  };
}
