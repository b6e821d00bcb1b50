/** A TCP proxy that is a long way: what a server sends arrives later, and only so much of it is on its way at once. */

export interface Link {
  readonly port: number;
  stop(): Promise<void>;
}

export interface Distance {
  /** From sending to hearing that it has arrived. */
  readonly roundTripMs: number;
  /** Bytes that a connection has on its way at most: the window that the two ends agree on. */
  readonly windowBytes: number;
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Passes on what one side sends, each piece half a round trip later. */
async function carry(
  from: Deno.Conn,
  to: Deno.Conn,
  { roundTripMs, windowBytes }: Distance,
): Promise<void> {
  let onItsWay = 0;
  let room = Promise.withResolvers<void>();
  let last: Promise<unknown> = Promise.resolve();
  const deliver = async (bytes: Uint8Array, sent: number) => {
    await sleep(Math.max(0, sent + roundTripMs / 2 - performance.now()));
    for (let at = 0; at < bytes.length;) at += await to.write(bytes.subarray(at));
    // The sender hears of it another half later.
    setTimeout(() => {
      onItsWay -= bytes.length;
      room.resolve();
    }, roundTripMs / 2);
  };
  const block = new Uint8Array(64 * 1024);
  for (;;) {
    const free = windowBytes - onItsWay;
    if (free <= 0) {
      room = Promise.withResolvers();
      await room.promise;
      continue;
    }
    const read = await from.read(block.subarray(0, Math.min(free, block.length)));
    if (read === null) break;
    onItsWay += read;
    const bytes = block.slice(0, read);
    const sent = performance.now();
    last = last.then(() => deliver(bytes, sent));
  }
  await last;
}

/** Listens on a free local port. */
export function startLink(target: { hostname: string; port: number }, distance: Distance): Link {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (client: Deno.Conn) => {
    const server = await Deno.connect(target);
    const ended = (work: Promise<void>) => work.catch(() => undefined);
    await Promise.race([
      ended(carry(client, server, distance)),
      ended(carry(server, client, distance)),
    ]);
    client.close();
    server.close();
  };
  const accepting = (async () => {
    for await (const client of listener) void serve(client).catch(() => undefined);
  })();
  return {
    port: (listener.addr as Deno.NetAddr).port,
    async stop() {
      listener.close();
      await accepting;
    },
  };
}
