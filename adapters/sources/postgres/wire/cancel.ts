/**
 * Cancels what a session runs, over a connection of its own as the protocol wants.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 */
import { cancelRequest } from "./client_messages.ts";
import { dial, type DialTarget, type Encryption } from "./dial.ts";
import type { BackendKey } from "./server_messages.ts";

/** The server hangs up once it has passed the request on; what does not is not waited for. */
const ANSWER_TIMEOUT_MS = 8000;

/** Never throws: what was to be cancelled then ends when its connection does. */
export async function requestCancel(
  target: DialTarget,
  encryption: Encryption,
  key: BackendKey,
): Promise<void> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const { stream } = await dial(target, encryption, signal);
    const close = () => stream.close();
    signal.addEventListener("abort", close, { once: true });
    await stream.write(cancelRequest(key));
    await stream.read(new Uint8Array(1));
    signal.removeEventListener("abort", close);
    close();
  } catch {
    // A reset after the request was read is an answer too.
  }
}
