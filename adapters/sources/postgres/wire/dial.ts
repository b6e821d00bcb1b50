/**
 * The way to the server: TCP or a Unix socket, upgraded to TLS when asked.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 */
import { type ByteStream, SocketStream } from "../../kit/byte_stream.ts";
import { sslRequest } from "./client_messages.ts";
import type { TlsSettings } from "./tls_options.ts";
import { TlsError } from "../../kit/tls_failure.ts";
import { untilAborted } from "../../kit/until_aborted.ts";

/** Where to go, and how. */
export interface DialTarget {
  /** A name, an address, or the folder of a Unix socket. */
  readonly host: string;
  readonly port: number;
  readonly keepAlive: boolean;
  readonly tls: TlsSettings;
}

/** `prefer`: TLS when the server offers it. */
export type Encryption = "plain" | "prefer" | "tls";

/** A way to the server, before anything is said. */
export interface Channel {
  readonly stream: ByteStream;
  readonly encrypted: boolean;
  /** Nobody on the way can read it: encrypted, or without a way. */
  readonly confidential: boolean;
  /** As the server showed it, of an encrypted one. */
  readonly certificate: Uint8Array | null;
  /** What SCRAM can be bound to; null without TLS, or with a certificate whose hash is not known. */
  readonly endPoint: Uint8Array | null;
}

/** Whether a host is the folder of a Unix socket. */
export function isUnixSocket(host: string): boolean {
  return host.startsWith("/");
}

/** For people, and where a Unix socket lies. */
export function addressOf({ host, port }: Pick<DialTarget, "host" | "port">): string {
  if (isUnixSocket(host)) return `${host}/.s.PGSQL.${port}`;
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

async function connect(target: DialTarget): Promise<Deno.Conn> {
  const { host, port, keepAlive } = target;
  if (isUnixSocket(host)) {
    return await Deno.connect({ transport: "unix", path: addressOf(target) });
  }
  const socket = await Deno.connect({ hostname: host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(keepAlive);
  return socket;
}

/** Asks for TLS. False: the server does not offer it. */
async function offersTls(stream: ByteStream): Promise<boolean> {
  await stream.write(sslRequest());
  const answer = new Uint8Array(2);
  const count = await stream.read(answer);
  if (count === null) throw new TlsError("the server closed the connection at the TLS request");
  // More would be bytes injected before the handshake (CVE-2021-23222).
  if (count > 1) throw new TlsError("the server answered the TLS request with more than one byte");
  if (answer[0] === "S".charCodeAt(0)) return true;
  if (answer[0] === "N".charCodeAt(0)) return false;
  throw new TlsError("the server does not know the TLS request; is it PostgreSQL?");
}

/** The certificate that the server shows, trusted or not; null when it shows none. */
async function presentedCertificate(
  target: DialTarget,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const tls = { ...target.tls, mode: "require", caFile: undefined } as const;
  try {
    const { stream, certificate } = await dial({ ...target, tls }, "tls", signal);
    stream.close();
    return certificate;
  } catch {
    return null;
  }
}

async function open(
  target: DialTarget,
  encryption: Encryption,
  stream: ByteStream,
  signal: AbortSignal,
): Promise<Channel> {
  const plain = encryption === "plain" || isUnixSocket(target.host);
  if (plain || (!target.tls.direct && !await offersTls(stream))) {
    if (plain || encryption === "prefer") {
      const confidential = isUnixSocket(target.host);
      return { stream, encrypted: false, confidential, certificate: null, endPoint: null };
    }
    throw new TlsError("the server does not offer TLS");
  }
  const { secured }: typeof import("./secure.ts") = await import("./secure.ts" as string);
  const secure = await secured(stream, target, () => presentedCertificate(target, signal));
  return { ...secure, encrypted: true, confidential: true };
}

/** @throws a system error with `code`, `TlsError`, ConfigError for an unreadable file, or what `signal` aborts with. */
export async function dial(
  target: DialTarget,
  encryption: Encryption,
  signal: AbortSignal,
): Promise<Channel> {
  const socket = await untilAborted(signal, connect(target), (late) => late.close());
  const stream = new SocketStream(socket);
  try {
    return await untilAborted(signal, open(target, encryption, stream, signal), () => {});
  } catch (error) {
    stream.close();
    throw error;
  }
}
