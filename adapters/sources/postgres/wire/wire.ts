/** Messages over a byte stream: in the server's order, and none waited for without end. */
import type { ByteStream } from "../../kit/byte_stream.ts";
import { type Frame, FrameBuffer, HEADER_BYTES } from "./frame_buffer.ts";
import { FROM_SERVER, parseParameterStatus } from "./server_messages.ts";
import { receivedName, sentNames } from "./message_names.ts";
import { SilenceWatch } from "../../kit/silence.ts";
import type { Steps } from "../../kit/steps.ts";

/** The stream has ended. `code` is of Node's kind. */
export class LostError extends Error {
  override readonly name = "LostError";
  readonly code: string;

  constructor(message = "the server closed the connection", code = "CONNECTION_CLOSED") {
    super(message);
    this.code = code;
  }
}

/** `code` of the LostError that ends a connection whose server is silent for too long. */
export const SILENT = "SILENT";

/** Says whether the server is still at work on what it owes. */
export type Probe = () => Promise<boolean>;

/** One session's messages. */
export class Wire {
  readonly buffer = new FrameBuffer();
  /** What the server has said about its settings, by name. */
  readonly parameters = new Map<string, string>();
  /** Asked when the server has been silent for too long; null: then it is given up. */
  probe: Probe | null = null;
  /** All that has come. */
  receivedBytes = 0;
  readonly #stream: ByteStream;
  readonly #watch: SilenceWatch;
  readonly #steps: Steps | null;
  /** Settles with the last write. */
  #sent = Promise.resolve();
  #closed = false;
  /** Why it was closed from this side. */
  #reason: Error | null = null;

  /** @param silenceMs longest wait for a byte; 0: none. @param steps told of every message but rows. */
  constructor(stream: ByteStream, silenceMs: number, steps: Steps | null = null) {
    this.#stream = stream;
    this.#steps = steps;
    this.#watch = new SilenceWatch({
      limitMs: silenceMs,
      goOn: () => this.probe?.() ?? Promise.resolve(false),
      give: () =>
        this.close(new LostError(`nothing came from the server for ${silenceMs / 1000} s`, SILENT)),
    });
  }

  get closed(): boolean {
    return this.#closed;
  }

  /**
   * Not awaited: a server that has hung up has said why before, which is still to be read. So every
   * failure shows when the answer is awaited.
   */
  send(bytes: Uint8Array): void {
    this.#steps?.sent(sentNames(bytes), bytes.length);
    this.#sent = this.#sent.then(() => this.#stream.write(bytes)).catch(() => {
      // The next read tells.
    });
  }

  /** Sends the last bytes, and waits until the server has hung up, `ms` at most. Never throws. */
  async leave(bytes: Uint8Array, ms: number): Promise<void> {
    const timer = setTimeout(() => this.close(), ms);
    this.send(bytes);
    void this.#sent.then(() => this.#stream.end());
    try {
      for (;;) await this.one();
    } catch {
      clearTimeout(timer);
    }
  }

  /** Waits for more bytes. @throws LostError */
  async fill(): Promise<void> {
    if (this.#closed) throw this.#lost(null);
    this.#watch.begin();
    let count: number | null;
    try {
      count = await this.#stream.read(this.buffer.room());
    } catch (error) {
      throw this.#lost(error);
    } finally {
      this.#watch.end();
    }
    if (count === null) throw this.#lost(null);
    this.receivedBytes += count;
    this.buffer.filled(count);
  }

  /** The next message; null for one that is no part of a conversation. Valid until the next read. */
  async one(): Promise<Frame | null> {
    for (;;) {
      const frame = this.buffer.take();
      if (frame !== null) {
        this.#told(frame);
        return this.#aside(frame) ? null : frame;
      }
      await this.fill();
    }
  }

  /** The next message of the conversation. */
  async next(): Promise<Frame> {
    for (;;) {
      const frame = await this.one();
      if (frame !== null) return frame;
    }
  }

  /** Nothing is owed until the next `send`. */
  rest(): void {
    this.#watch.rest();
  }

  /** Idempotent. A read that waits fails with `reason`. */
  close(reason: Error | null = null): void {
    this.#reason ??= reason;
    this.#closed = true;
    this.#watch.rest();
    this.#stream.close();
  }

  #told({ type, body }: Frame): void {
    if (this.#steps === null) return;
    const name = receivedName(type);
    if (name !== null) this.#steps.received(name, HEADER_BYTES + body.length);
  }

  /** Messages that may come at any time. */
  #aside({ type, body }: Frame): boolean {
    switch (type) {
      case FROM_SERVER.parameterStatus: {
        const [name, value] = parseParameterStatus(body);
        this.parameters.set(name, value);
        return true;
      }
      case FROM_SERVER.noticeResponse:
      case FROM_SERVER.notificationResponse:
        return true;
      default:
        return false;
    }
  }

  #lost(error: unknown): Error {
    const closedHere = this.#closed;
    this.#closed = true;
    if (this.#reason !== null) return this.#reason;
    if (closedHere) return new LostError("it was closed");
    if (!(error instanceof Error)) return new LostError();
    const code = (error as { code?: string }).code;
    return new LostError(`the connection broke: ${error.message}`, code);
  }
}
