/**
 * The socket to the server: TCP or a Unix socket, upgraded to TLS when asked.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-SSL
 *
 * The adapter opens it by itself because that tells what failed (name, port, TLS, certificate), and
 * because a connection that was lost must never be replaced silently in the middle of a transaction.
 */
import { readFileSync } from "node:fs";
import net from "node:net";
import type tls from "node:tls";
import { ConfigError } from "../../../core/base/errors.ts";
import { connectGated } from "../gated_socket.ts";

/** `prefer`: TLS when the server offers it. Only a URL's sslmode can ask for it. */
export type TlsMode = "disable" | "prefer" | "require" | "verify-ca" | "verify-full";

export interface TlsSettings {
  readonly mode: TlsMode;
  readonly caFile: string | undefined;
  readonly acceptInvalidCerts: boolean;
  readonly acceptInvalidHostnames: boolean;
}

export interface SocketTarget {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutS: number;
  readonly tls: TlsSettings;
}

/** A failed TLS negotiation; the classifier turns it into SOURCE_TLS. */
export class TlsError extends Error {
  override readonly name = "TlsError";
}

const SSL_REQUEST = new Uint8Array([0, 0, 0, 8, 4, 210, 22, 47]);

/** Resolves with the event's first argument; rejects when the socket fails or closes first. */
function once<T>(socket: net.Socket, event: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const done = () => {
      socket.off(event, onEvent);
      socket.off("error", onError);
      socket.off("close", onClose);
    };
    const onEvent = (value: T) => {
      done();
      resolve(value);
    };
    const onError = (error: Error) => {
      done();
      reject(error);
    };
    const onClose = () => {
      done();
      reject(Object.assign(new Error("the server closed the connection"), { code: "ECONNRESET" }));
    };
    socket.on(event, onEvent);
    socket.on("error", onError);
    socket.on("close", onClose);
  });
}

function readCa(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as { code?: string }).code ?? "I/O error";
    throw new ConfigError(`source.tls.ca_file ${path} cannot be read (${why})`, [], {
      cause: error,
    });
  }
}

function tlsOptions(target: SocketTarget): tls.ConnectionOptions {
  const { mode, caFile, acceptInvalidCerts, acceptInvalidHostnames } = target.tls;
  const verify = (mode === "verify-ca" || mode === "verify-full") && !acceptInvalidCerts;
  const anyHost = mode !== "verify-full" || acceptInvalidHostnames;
  return {
    servername: net.isIP(target.host) === 0 ? target.host : undefined,
    host: target.host,
    rejectUnauthorized: verify,
    ca: caFile === undefined ? undefined : readCa(caFile),
    ...(anyHost ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** Asks the server for TLS and upgrades. Returns the plain socket when `prefer` meets a refusal. */
async function upgrade(target: SocketTarget, socket: net.Socket): Promise<net.Socket> {
  const options = tlsOptions(target);
  socket.write(SSL_REQUEST);
  const answer = await once<Uint8Array>(socket, "data");
  // A longer answer would be bytes injected before the handshake (CVE-2021-23222).
  if (answer.length !== 1) {
    throw new TlsError("the server answered the TLS request with more than one byte");
  }
  if (answer[0] !== "S".charCodeAt(0)) {
    if (target.tls.mode === "prefer") return socket;
    throw new TlsError("the server does not offer TLS");
  }
  const secure = connectGated(socket, options);
  try {
    await once<void>(secure, "secureConnect");
  } catch (error) {
    secure.destroy();
    const message = error instanceof Error ? error.message : String(error);
    throw new TlsError(message, { cause: error });
  }
  return secure;
}

async function open(target: SocketTarget, socket: net.Socket): Promise<net.Socket> {
  if (target.host.startsWith("/")) {
    socket.connect(`${target.host}/.s.PGSQL.${target.port}`);
    await once<void>(socket, "connect");
    return socket;
  }
  socket.connect(target.port, target.host);
  await once<void>(socket, "connect");
  socket.setNoDelay(true);
  return target.tls.mode === "disable" ? socket : await upgrade(target, socket);
}

/** @throws a Node error with `code`, a `TlsError`, or a `ConfigError` for an unreadable CA file. */
export async function openSocket(target: SocketTarget, signal?: AbortSignal): Promise<net.Socket> {
  const socket = new net.Socket();
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const timeout = setTimeout(
    () =>
      reject(
        Object.assign(new Error(`no answer within ${target.connectTimeoutS} s`), {
          code: "ETIMEDOUT",
        }),
      ),
    target.connectTimeoutS * 1000,
  );
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([open(target, socket), stopped]);
  } catch (error) {
    // An error event after this one (the destroyed socket's) has nobody to tell.
    socket.on("error", () => {});
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timeout);
    signal?.removeEventListener("abort", onAbort);
  }
}
