/** TLS over a real socket, however the other side leaves it. */
import assert from "node:assert/strict";
import net from "node:net";
import tls from "node:tls";
import { SocketStream } from "../../../../../adapters/sources/kit/byte_stream.ts";
import { TlsStream } from "../../../../../adapters/sources/kit/tls_stream.ts";
import { makeCertificates } from "../../../../support/tds/certificate.ts";

const { certificate: cert, key } = makeCertificates(["localhost"]);
const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

/** Runs `client` on a stream whose server does `serve` once it is encrypted. */
async function withStream(
  maxVersion: typeof VERSIONS[number],
  serve: (secure: tls.TLSSocket, raw: net.Socket) => void,
  client: (stream: TlsStream) => Promise<void>,
): Promise<void> {
  const listener = net.createServer((raw) => {
    raw.on("error", () => {});
    const secure = new tls.TLSSocket(raw, { isServer: true, cert, key, maxVersion });
    secure.on("error", () => {});
    secure.once("secure", () => serve(secure, raw));
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as net.AddressInfo;
  const socket = new SocketStream(await Deno.connect({ hostname: "127.0.0.1", port }));
  const stream = await TlsStream.open(socket, { host: "localhost", rejectUnauthorized: false });
  try {
    await client(stream);
  } finally {
    stream.close();
    await new Promise((resolve) => listener.close(resolve));
  }
}

async function bytesOf(stream: TlsStream): Promise<number> {
  let count = 0;
  for (let piece; (piece = await stream.take()) !== null;) count += piece.length;
  return count;
}

Deno.test("TLS: all that was sent before the end is read before the end", async () => {
  for (const version of VERSIONS) {
    for (const size of [1, 1_000_000]) {
      const bytes = new Uint8Array(size);
      const farewell = (secure: tls.TLSSocket) => void secure.resume().end(bytes);
      // Without the alert that announces it.
      const cut = (secure: tls.TLSSocket, raw: net.Socket) => {
        secure.resume().write(bytes, () => raw.end());
      };
      for (const serve of [farewell, cut]) {
        await withStream(version, serve, async (stream) => {
          assert.equal(await bytesOf(stream), size);
        });
      }
    }
  }
});

Deno.test("TLS: a connection that is reset is no end", async () => {
  for (const version of VERSIONS) {
    let reset = () => {};
    await withStream(version, (secure, raw) => {
      reset = () => void raw.resetAndDestroy();
      secure.write("x");
    }, async (stream) => {
      assert.equal((await stream.take())?.length, 1);
      reset();
      await assert.rejects(bytesOf(stream), /reset/i);
    });
  }
});

Deno.test("TLS: what waits at a stream that is closed goes on", async () => {
  await withStream("TLSv1.3", () => {}, async (stream) => {
    const reading = stream.take();
    stream.close();
    assert.equal(await reading, null);
    assert.equal(await stream.take(), null);
    await assert.rejects(stream.write(new Uint8Array(1)), /destroyed/);
    await stream.end();
  });
});
