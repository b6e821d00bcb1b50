/** What the server says to one flight of messages, up to its ReadyForQuery. */
import type { Frame } from "./frame_buffer.ts";
import { FROM_SERVER, parseError, type ServerError } from "./server_messages.ts";
import type { Wire } from "./wire.ts";

/** The answer to one flight, taken message by message. */
export class Answer {
  readonly #wire: Wire;
  #failure: ServerError | null = null;
  #over = false;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** The server is ready for another flight. */
  get over(): boolean {
    return this.#over;
  }

  /**
   * Takes one message. Null: it was none to look at.
   * @throws ServerError with the end of the answer, or at once when it ends the session: what the server has
   * said goes before that it has hung up.
   */
  async step(): Promise<Frame | null> {
    let frame: Frame | null;
    try {
      frame = await this.#wire.one();
    } catch (error) {
      throw this.#failure ?? error;
    }
    switch (frame?.type) {
      case FROM_SERVER.errorResponse: {
        const error = parseError(frame.body);
        this.#failure ??= error;
        if (error.fatal) throw this.#failure;
        return null;
      }
      case FROM_SERVER.readyForQuery:
        this.#over = true;
        this.#wire.rest();
        if (this.#failure !== null) throw this.#failure;
        return null;
      case undefined:
        return null;
      default:
        return frame;
    }
  }

  /** Hands every message to `onFrame`, to the end. */
  async finish(onFrame: (frame: Frame) => void = () => {}): Promise<void> {
    while (!this.#over) {
      const frame = await this.step();
      if (frame !== null) onFrame(frame);
    }
  }
}
