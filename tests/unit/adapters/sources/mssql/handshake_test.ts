/** The handshake, however the network and the server cut it: over a real socket, through a proxy that does so. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { RivetError } from "../../../../../core/base/errors.ts";
import { failsWith } from "../../../../conformance/source.ts";
import { certificates, connectTo, PASSWORD, withServer } from "../../../../support/tds/connect.ts";
import { PACKET, packet } from "../../../../support/tds/packets.ts";
import { TdsServer } from "../../../../support/tds/server.ts";

const HEADER_BYTES = 8;
/** Only names what hangs. */
const BOUND_MS = 60_000;

/** What a proxy does to the server's bytes: the pieces that it writes, each by itself; null ends the connection. */
type Cutter = (bytes: Buffer) => readonly (Uint8Array | null)[];

/** Stands between a client and `to`; every connection gets a cutter of its own. */
class Proxy {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #serving: Promise<void>;

  constructor(to: TdsServer, cutter: () => Cutter) {
    this.#serving = this.#serve(to, cutter);
  }

  get port(): number {
    return (this.#listener.addr as Deno.NetAddr).port;
  }

  async stop(): Promise<void> {
    this.#listener.close();
    await this.#serving;
  }

  async #serve(to: TdsServer, cutter: () => Cutter): Promise<void> {
    const carried: Promise<void>[] = [];
    for await (const client of this.#listener) carried.push(this.#carry(client, to, cutter()));
    await Promise.all(carried);
  }

  async #carry(client: Deno.TcpConn, to: TdsServer, cut: Cutter): Promise<void> {
    const server = await Deno.connect({ hostname: "127.0.0.1", port: to.port });
    client.setNoDelay(true);
    const forth = client.readable.pipeTo(server.writable).catch(() => {});
    await this.#back(server, client, cut).catch(() => {});
    for (const end of [client, server]) {
      try {
        end.close();
      } catch {
        // It has gone by itself.
      }
    }
    await forth;
  }

  async #back(server: Deno.TcpConn, client: Deno.TcpConn, cut: Cutter): Promise<void> {
    const bytes = Buffer.alloc(64 * 1024);
    for (let count; (count = await server.read(bytes)) !== null;) {
      for (const piece of cut(Buffer.from(bytes.subarray(0, count)))) {
        if (piece === null) return;
        for (let at = 0; at < piece.length;) at += await client.write(piece.subarray(at));
        // The client takes it before the next one comes.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }
  }
}

async function through<T>(
  server: TdsServer,
  cutter: () => Cutter,
  work: (proxy: TdsServer) => Promise<T>,
): Promise<T> {
  const proxy = new Proxy(server, cutter);
  try {
    return await work(proxy as unknown as TdsServer);
  } finally {
    await proxy.stop();
  }
}

/** Single bytes, of the first `limit`. */
function singly(limit: number): () => Cutter {
  return () => {
    let seen = 0;
    return (bytes) => {
      const fine = bytes.subarray(0, Math.max(0, limit - seen));
      seen += bytes.length;
      return [...[...fine].map((byte) => Uint8Array.of(byte)), bytes.subarray(fine.length)];
    };
  };
}

/** Splits the payload of every PRELOGIN packet, of which the server gives one a flight. */
function packetsOf(payloadBytes: number, endEach: boolean): () => Cutter {
  return () => {
    let held: Buffer = Buffer.alloc(0);
    return (bytes) => {
      held = Buffer.concat([held, bytes]);
      const out: Buffer[] = [];
      while (held[0] === PACKET.PRELOGIN && held.length >= HEADER_BYTES) {
        const length = held.readUInt16BE(2);
        if (held.length < length) return [Buffer.concat(out)];
        for (let at = HEADER_BYTES; at < length; at += payloadBytes) {
          const end = Math.min(length, at + payloadBytes);
          const last = endEach || end === length;
          out.push(packet(PACKET.PRELOGIN, held.subarray(at, end), last));
        }
        held = held.subarray(length);
      }
      out.push(held);
      held = Buffer.alloc(0);
      return [Buffer.concat(out)];
    };
  };
}

async function talks(at: TdsServer): Promise<void> {
  const source = await connectTo(at);
  assert.equal(source.info.version, "16.0.4135.4");
  await source.close();
}

Deno.test("handshake: it may come in single bytes", async () => {
  await withServer([], (server) => through(server, singly(900), talks));
});

Deno.test("handshake: records of TLS may be spread over packets, whole messages or not", async () => {
  await withServer([], async (server) => {
    for (const payloadBytes of [1, 5, 100]) {
      for (const endEach of [false, true]) {
        await through(server, packetsOf(payloadBytes, endEach), talks);
      }
    }
  });
});

/** How many bytes the server sends until somebody is logged in. */
async function loginBytes(server: TdsServer): Promise<number> {
  let count = 0;
  const counting = () => (bytes: Buffer) => {
    if (server.asked.length === 0) count += bytes.length;
    return [bytes];
  };
  await through(server, counting, talks);
  return count;
}

Deno.test("handshake: a server that leaves within it is told of, wherever that is", async () => {
  await withServer([], async (server) => {
    const all = await loginBytes(server);
    assert.ok(all > 500, `${all} bytes`);
    // Every byte of what is short, and of the rest as many as are quick.
    const cuts = Array.from({ length: all }, (_, at) => at)
      .filter((at) => at < 40 || at % 23 === 0);
    const ended = async (at: number): Promise<void> => {
      let left = at;
      const cutter = () => (bytes: Buffer) => {
        const piece = bytes.subarray(0, left);
        left -= piece.length;
        return left > 0 ? [piece] : [piece, null];
      };
      const connecting = through(server, cutter, connectTo).then(
        () => "nothing",
        (error: unknown) => error,
      );
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<string>((resolve) => {
        timer = setTimeout(resolve, BOUND_MS, "hangs");
      });
      const error = await Promise.race([connecting, late]);
      clearTimeout(timer);
      assert.ok(error instanceof RivetError, `cut at ${at}: ${error}`);
      const found = [error.code, error.category];
      assert.deepEqual(found, ["SOURCE_DISCONNECTED", "disconnect"], `${at}: ${error.message}`);
    };
    for (let i = 0; i < cuts.length; i += 16) {
      await Promise.all(cuts.slice(i, i + 16).map(ended));
    }
  });
});

Deno.test("handshake: a server that requires encryption gets it; one that has not all of it gets no login", async () => {
  await withServer([], talks, { encryption: 3 });
  const cases = [
    [0, /encrypts the login alone/],
    [2, /offers no encryption/],
    [null, /says nothing of encryption/],
    [7, /says nothing of encryption/],
  ] as const;
  for (const [encryption, message] of cases) {
    for (const certified of [certificates, undefined]) {
      await withServer([], async (server) => {
        const error = await failsWith(connectTo(server), "SOURCE_TLS", "permanent", message);
        assert.ok(!`${error.message} ${error.hint}`.includes(PASSWORD));
        assert.deepEqual([server.logins, server.heard], [[], []]);
      }, { certificates: certified, encryption });
    }
  }
});
