/** The socket below the driver where nothing is encrypted. */
import { Buffer } from "node:buffer";
import net from "node:net";
import type { ConnectionSettings } from "./settings.ts";

/** What one read takes at most. */
const READ_BYTES = 128 * 1024;

/** What of mysql2 (`lib/base/connection.js`) is given the bytes that come. */
interface Reader {
  packetParser: { execute(bytes: Uint8Array): void };
}

function readOf(socket: () => net.Socket): net.OnReadOpts {
  return {
    buffer: new Uint8Array(READ_BYTES),
    callback(count, bytes) {
      socket().emit("data", bytes.subarray(0, count));
      return true;
    },
  };
}

/**
 * Begins to connect. All reads go into one buffer, where the runtime would make one of 64 KB for each of them, faster
 * than it clears them up. What is told of as `data` is valid during the call only.
 */
export function openSocket({ host, port, socket: path }: ConnectionSettings): net.Socket {
  if (path !== undefined) {
    const socket: net.Socket = net.connect({ path, onread: readOf(() => socket) });
    return socket;
  }
  const socket: net.Socket = net.connect({ host, port, onread: readOf(() => socket) });
  // As the driver does by itself.
  socket.setNoDelay(true);
  socket.on("connect", () => socket.setKeepAlive(true));
  return socket;
}

/** The driver keeps bytes that it cannot use yet. */
export function copyForDriver(driver: object): void {
  const reader = driver as Reader;
  const { packetParser } = reader;
  reader.packetParser = { execute: (bytes) => packetParser.execute(Buffer.from(bytes)) };
}
