/** Where a named instance listens: the server's Browser knows. [MC-SQLR] 2.2.2, 2.2.5 */
import type { Buffer } from "node:buffer";
import dgram from "node:dgram";
import net from "node:net";

const BROWSER_PORT = 1434;
const ALL_INSTANCES = Uint8Array.of(0x02);
/** Datagrams get lost. */
const TRIES = 4;
const TRY_MS = 2_000;
/** A type and a length in front of the text. */
const HEADER_BYTES = 3;

/** The Browser did not say where. */
export class InstanceError extends Error {
  override readonly name = "InstanceError";
  readonly code = "EINSTLOOKUP";
}

/** The TCP port of an instance among what a Browser lists; null: it is not there, or has none. */
export function portOf(list: string, instance: string): number | null {
  for (const entry of list.split(";;")) {
    const parts = entry.split(";");
    const value = (name: string) => {
      const at = parts.findIndex((part, i) => i % 2 === 0 && part === name);
      return at < 0 ? undefined : parts[at + 1];
    };
    if (value("InstanceName")?.toUpperCase() !== instance.toUpperCase()) continue;
    const port = Number(value("tcp"));
    return Number.isInteger(port) && port > 0 ? port : null;
  }
  return null;
}

/** One question; null when nobody answers in time. */
async function ask(host: string, port: number, signal: AbortSignal): Promise<Buffer | null> {
  const socket = dgram.createSocket(net.isIPv6(host) ? "udp6" : "udp4");
  const { promise, resolve, reject } = Promise.withResolvers<Buffer | null>();
  const onAbort = () => reject(signal.reason);
  const timer = setTimeout(() => resolve(null), TRY_MS);
  signal.addEventListener("abort", onAbort, { once: true });
  socket.on("message", resolve);
  socket.on("error", reject);
  socket.send(ALL_INSTANCES, port, host);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
    socket.close();
  }
}

/** @throws InstanceError, and what `signal` aborts with */
export async function instancePort(
  host: string,
  instance: string,
  signal: AbortSignal,
  browserPort: number = BROWSER_PORT,
): Promise<number> {
  for (let tries = 0; tries < TRIES; tries++) {
    signal.throwIfAborted();
    const answer = await ask(host, browserPort, signal);
    if (answer === null) continue;
    const port = portOf(answer.toString("latin1", HEADER_BYTES), instance);
    if (port !== null) return port;
    throw new InstanceError(`the SQL Server Browser on ${host} knows no instance ${instance}`);
  }
  throw new InstanceError(`no SQL Server Browser answers on ${host}`);
}
