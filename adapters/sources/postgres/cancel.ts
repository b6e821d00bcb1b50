/**
 * Cancels what a session runs, over a connection of its own as the protocol wants.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html#PROTOCOL-MESSAGE-FORMATS-CANCELREQUEST
 */
import { openSocket, type SocketTarget } from "./tls.ts";

/** What the server told a session at its start, to prove a cancel request with. */
export interface BackendKey {
  readonly pid: number;
  readonly secret: number;
}

const CANCEL_CODE = 80_877_102;
/** The server hangs up once it has passed the request on; what does not is not waited for. */
const ANSWER_TIMEOUT_MS = 3000;

export async function requestCancel(target: SocketTarget, key: BackendKey): Promise<void> {
  const message = new DataView(new ArrayBuffer(16));
  [16, CANCEL_CODE, key.pid, key.secret].forEach((word, i) => message.setUint32(i * 4, word));
  const socket = await openSocket(target);
  await new Promise<void>((resolve) => {
    const timeout = setTimeout(() => socket.destroy(), ANSWER_TIMEOUT_MS);
    socket.on("close", () => {
      clearTimeout(timeout);
      resolve();
    });
    // A reset after the request was read is an answer too.
    socket.on("error", () => socket.destroy());
    socket.resume();
    socket.write(new Uint8Array(message.buffer));
  });
}
