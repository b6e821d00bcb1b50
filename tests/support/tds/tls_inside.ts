/**
 * TLS inside of TDS ([MS-TDS] 3.2.5.2): the handshake travels in PRELOGIN packets, everything after it is
 * plain TLS. The handshake is that of a real TLS listener; this file carries its bytes to and fro.
 */
import { Buffer } from "node:buffer";
import type { TestCertificates } from "./certificate.ts";
import { PACKET, packet, type PacketReader, type Wire, writeAll } from "./packets.ts";

const HEADER_BYTES = 8;
/** A flight of the handshake is one message: what comes within this time belongs together. */
const FLIGHT_MS = 5;

/** The client's bytes: the payload of PRELOGIN packets until the first byte that is none. */
async function fromClient(
  wire: Wire,
  start: Buffer,
  inner: Deno.Conn,
  onRaw: () => void,
): Promise<void> {
  let buffer = start;
  let raw = false;
  for (;;) {
    if (raw) {
      await writeAll(inner, buffer);
      buffer = Buffer.alloc(0);
    } else if (buffer.length > 0 && buffer[0] !== PACKET.PRELOGIN) {
      raw = true;
      onRaw();
      continue;
    } else if (buffer.length >= HEADER_BYTES && buffer.length >= buffer.readUInt16BE(2)) {
      const length = buffer.readUInt16BE(2);
      await writeAll(inner, buffer.subarray(HEADER_BYTES, length));
      buffer = buffer.subarray(length);
      continue;
    }
    const piece = new Uint8Array(64 * 1024);
    const read = await wire.read(piece);
    if (read === null) return;
    buffer = Buffer.concat([buffer, piece.subarray(0, read)]);
  }
}

const RECORD_HEADER_BYTES = 5;
const CHANGE_CIPHER_SPEC = 20;

/** Whole records, and not the one that announces a Finished: more is on its way otherwise. */
function endsFlight(bytes: Buffer): boolean {
  let at = 0;
  let type = CHANGE_CIPHER_SPEC;
  while (at + RECORD_HEADER_BYTES <= bytes.length) {
    type = bytes[at];
    at += RECORD_HEADER_BYTES + bytes.readUInt16BE(at + 3);
  }
  return at === bytes.length && type !== CHANGE_CIPHER_SPEC;
}

/** The server's bytes, gathered into flights until the client has left the handshake. */
async function toClient(wire: Wire, inner: Deno.Conn, isRaw: () => boolean): Promise<void> {
  let flight: Uint8Array[] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const send = async () => {
    const body = Buffer.concat(flight);
    if (!endsFlight(body)) return;
    flight = [];
    await writeAll(wire, packet(PACKET.PRELOGIN, body, true));
  };
  for (;;) {
    const piece = new Uint8Array(64 * 1024);
    const read = await inner.read(piece);
    if (read === null) return;
    if (isRaw()) await writeAll(wire, piece.subarray(0, read));
    else {
      flight.push(piece.subarray(0, read));
      clearTimeout(timer);
      // A client that has hung up is noticed by the reading side.
      timer = setTimeout(() => send().catch(() => {}), FLIGHT_MS);
    }
  }
}

/** Returns the stream under TLS; the client's connection is closed behind the last of its bytes. */
export async function startTlsInside(
  wire: Wire,
  reader: PacketReader,
  { certificate, key }: TestCertificates,
): Promise<Wire> {
  const listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert: certificate, key });
  const { port } = listener.addr as Deno.NetAddr;
  const [inner, secure] = await Promise.all([
    Deno.connect({ hostname: "127.0.0.1", port }),
    listener.accept(),
  ]);
  listener.close();
  let raw = false;
  const close = (closable: { close(): void }) => {
    try {
      closable.close();
    } catch {
      // The other side has closed it.
    }
  };
  // Each direction ends when its source does, having carried all that came before.
  fromClient(wire, reader.rest(), inner, () => raw = true).catch(() => {}).finally(() =>
    close(inner)
  );
  toClient(wire, inner, () => raw).catch(() => {}).finally(() => close(wire));
  await secure.handshake();
  return {
    read: (into) => secure.read(into),
    write: (bytes) => secure.write(bytes),
    close: () => close(secure),
  };
}
