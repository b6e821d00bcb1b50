/** From nothing to a session: TCP, TLS, LOGIN7, and wherever a gateway sends it. [MS-TDS] 3.2.5 */
import os from "node:os";
import process from "node:process";
import type tls from "node:tls";
import { type ByteStream, SocketStream } from "../../kit/byte_stream.ts";
import type { Steps } from "../../kit/steps.ts";
import { tlsFailure } from "../../kit/tls_failure.ts";
import { TlsStream } from "../../kit/tls_stream.ts";
import { untilAborted } from "../../kit/until_aborted.ts";
import type { ConnectionSettings } from "../settings.ts";
import { tlsOptions } from "../tls.ts";
import {
  ENCRYPTION,
  encryptionOf,
  INITIAL_SQL,
  login7,
  prelogin,
  sqlBatch,
} from "./client_messages.ts";
import { HandshakeStream } from "./handshake.ts";
import { instancePort } from "./instance.ts";
import { MESSAGE, ProtocolError } from "./packets.ts";
import { Reply } from "./reply.ts";
import type { Route } from "./tokens.ts";
import { type Channel, type MessageReader, Wire } from "./wire.ts";

/** Who logs in, and until when. */
export interface LoginOptions {
  readonly application: string;
  readonly steps: Steps | null;
  /** Ends it, wherever it is. */
  readonly signal: AbortSignal;
}

/** A gateway sends on once; more would go round in circles. */
const MAX_ROUTES = 4;
/** Of the answer to a PRELOGIN. */
const SMALL_BYTES = 4096;

/** Why a session did not come about, before the server was told who logs in. */
export class LoginError extends Error {
  override readonly name = "LoginError";
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** What a server says instead of encrypting all of a session: nobody logs in to it. */
const REFUSALS: Readonly<Record<number, string>> = {
  [ENCRYPTION.off]: "the server encrypts the login alone, not what is read",
  [ENCRYPTION.notSupported]: "the server offers no encryption",
};
const UNSAID = "the server says nothing of encryption";

/** `cause`: what the negotiation of TLS threw. */
class HandshakeError extends Error {}

/** Reads what is no tokens. */
class Body implements MessageReader {
  bytes: Uint8Array = new Uint8Array(0);

  append(bytes: Uint8Array): void {
    const both = new Uint8Array(this.bytes.length + bytes.length);
    both.set(this.bytes);
    both.set(bytes, this.bytes.length);
    this.bytes = both;
  }

  read(): void {}

  end(): void {}
}

async function connect(host: string, port: number): Promise<Deno.Conn> {
  const socket = await Deno.connect({ hostname: host, port });
  socket.setNoDelay(true);
  socket.setKeepAlive(true);
  return socket;
}

/** A stream that nothing is read ahead from. */
function unbuffered(stream: ByteStream): Channel {
  return {
    async take() {
      const bytes = new Uint8Array(SMALL_BYTES);
      const count = await stream.read(bytes);
      return count === null ? null : bytes.subarray(0, count);
    },
    write: (bytes) => stream.write(bytes),
    close: () => stream.close(),
  };
}

async function askEncryption(wire: Wire, encrypt: boolean): Promise<number | null> {
  wire.send(MESSAGE.prelogin, prelogin(encrypt));
  const body = new Body();
  while (!await wire.receive(body));
  return encryptionOf(body.bytes);
}

async function negotiated(
  stream: ByteStream,
  options: tls.ConnectionOptions,
): Promise<TlsStream> {
  try {
    return await TlsStream.open(stream, options);
  } catch (cause) {
    throw new HandshakeError("TLS", { cause });
  }
}

/** TLS over `stream`, within packets. */
async function handshakeInside(
  stream: ByteStream,
  options: tls.ConnectionOptions,
): Promise<TlsStream> {
  const handshake = new HandshakeStream(stream);
  const secure = await negotiated(handshake, options);
  handshake.finish();
  return secure;
}

/** TLS before, or behind, the first messages of TDS. */
async function secured(
  stream: ByteStream,
  settings: ConnectionSettings,
  steps: Steps | null,
): Promise<TlsStream> {
  const options = tlsOptions(settings);
  if (settings.tls.strict) return await negotiated(stream, options);
  const plain = new Wire(unbuffered(stream), steps);
  const encryption = await askEncryption(plain, true);
  if (encryption !== ENCRYPTION.on && encryption !== ENCRYPTION.required) {
    throw new LoginError(REFUSALS[encryption ?? -1] ?? UNSAID, "EENCRYPT");
  }
  // It would be taken for the server's, behind the handshake.
  if (plain.ahead > 0) throw new ProtocolError("bytes before the handshake");
  plain.step("prelogin", "tls");
  return await handshakeInside(stream, options);
}

/** The certificate that the server shows, trusted or not: nothing is sent to it. Null when there is none to see. */
async function presented(
  settings: ConnectionSettings,
  port: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> {
  const tls = { ...settings.tls, mode: "unchecked", caFile: undefined } as const;
  try {
    const secure = await dial({ ...settings, tls }, port, null, signal);
    const { certificate } = secure;
    secure.close();
    return certificate;
  } catch {
    return null;
  }
}

async function dial(
  settings: ConnectionSettings,
  port: number,
  steps: Steps | null,
  signal: AbortSignal,
): Promise<TlsStream> {
  const socket = await untilAborted(
    signal,
    connect(settings.host, port),
    (late) => late.close(),
  );
  const stream = new SocketStream(socket);
  try {
    return await untilAborted(signal, secured(stream, settings, steps), (late) => late.close());
  } catch (error) {
    stream.close();
    if (signal.aborted || !(error instanceof HandshakeError)) throw error;
    throw await tlsFailure(error.cause, () => presented(settings, port, signal));
  }
}

/** What LOGIN7 is answered with. */
async function logIn(
  wire: Wire,
  settings: ConnectionSettings,
  server: string,
  application: string,
): Promise<Route | null> {
  wire.send(
    MESSAGE.login7,
    login7({
      user: settings.user,
      password: settings.password,
      database: settings.database,
      application,
      server,
      clientHost: os.hostname(),
      clientPid: process.pid,
      timeZone: new Date().getTimezoneOffset(),
      readOnly: settings.readOnlyIntent,
    }),
  );
  const reply = new Reply(wire);
  try {
    while (!reply.over) await reply.step();
  } catch (error) {
    // A server that hangs up has said why.
    throw reply.failure("ELOGIN") ?? error;
  }
  if (reply.version === null) {
    throw reply.failure("ELOGIN") ?? new LoginError("the login failed", "ELOGIN");
  }
  return reply.routed;
}

/** Settings of the session; what the server does not know of them is no failure. */
async function begin(wire: Wire): Promise<void> {
  wire.send(MESSAGE.sqlBatch, sqlBatch(INITIAL_SQL, wire.transaction));
  const reply = new Reply(wire);
  while (!reply.over) await reply.step();
}

/** One connection, logged in; or where to go instead. */
async function attempt(
  settings: ConnectionSettings,
  port: number,
  server: string,
  { application, steps, signal }: LoginOptions,
): Promise<Wire | Route> {
  const secure = await dial(settings, port, steps, signal);
  const wire = new Wire(secure, steps);
  const onAbort = () => wire.close();
  signal.addEventListener("abort", onAbort, { once: true });
  try {
    if (settings.tls.strict) await askEncryption(wire, false);
    wire.step(settings.tls.strict ? "prelogin" : "tls", "login");
    const route = await logIn(wire, settings, server, application);
    if (route === null) {
      await begin(wire);
      wire.step("login", "ready");
      return wire;
    }
    wire.close();
    return route;
  } catch (error) {
    wire.close();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}

/** @throws what the way there reports, LoginError, ServerError, or what `signal` aborts with. */
export async function openSession(
  settings: ConnectionSettings,
  options: LoginOptions,
): Promise<Wire> {
  const { host, instance } = settings;
  let port = settings.port ?? await instancePort(host, instance ?? "", options.signal);
  let target = settings;
  let server = host;
  for (let routes = 0; routes <= MAX_ROUTES; routes++) {
    const found = await attempt(target, port, server, options);
    if (found instanceof Wire) return found;
    port = found.port;
    target = { ...settings, host: found.host };
    server = found.instance === null ? found.host : `${found.host}\\${found.instance}`;
  }
  throw new LoginError("the server sends the login in circles", "ELOGIN");
}
