/** The rows of a running statement, read as they are asked for. */
import type { RowLimits } from "../kit/block.ts";
import type { LaidOutRows } from "../kit/kernel/row_kernel.ts";
import type { Kernel, KernelCode } from "./kernel/kernel.ts";
import { RowFrames, type RowKind } from "./rows.ts";
import type { Answer } from "./wire/answer.ts";
import { FROM_SERVER } from "./wire/server_messages.ts";
import type { Wire } from "./wire/wire.ts";

/** A statement that has been sent, and its connection. */
export interface RunningStatement {
  readonly wire: Wire;
  readonly kernel: Kernel | null;
  readonly answer: Answer;
  /** Translates what went wrong, and frees the connection. */
  readonly failed: (error: unknown) => Error;
  /** The statement is over. */
  readonly ended: () => void;
  /** Ends it early. */
  readonly stop: () => Promise<void>;
}

/** The rows of one statement. */
export class RowStream {
  readonly #statement: RunningStatement;
  readonly #frames: RowFrames;

  constructor(statement: RunningStatement, limits: RowLimits, kind: RowKind) {
    this.#statement = statement;
    this.#frames = new RowFrames(statement.wire.buffer, limits, kind, statement.kernel);
  }

  /** The next rows, valid until the next call; null at the end. Rows not asked for hold the server back. */
  async next(): Promise<LaidOutRows<KernelCode> | null> {
    const { wire, answer, failed, ended } = this.#statement;
    const frames = this.#frames;
    try {
      while (!answer.over) {
        const rowsFollow = frames.layOut();
        const enough = frames.full || !rowsFollow || !wire.buffer.hasRoom;
        if (frames.rows > 0 && enough) return frames.take();
        if (rowsFollow) await wire.fill();
        else if ((await answer.step())?.type === FROM_SERVER.commandComplete) frames.completed();
      }
      frames.checkEnded();
    } catch (error) {
      frames.release();
      throw failed(error);
    }
    frames.release();
    ended();
    return null;
  }

  /** Ends the statement, so that the connection is free or closed; what it says to that does not matter. */
  async drop(): Promise<void> {
    const { wire, answer, failed, ended, stop } = this.#statement;
    this.#frames.release();
    if (answer.over) return;
    try {
      // Of a short result, all has come already.
      while (!answer.over && wire.buffer.holdsFrame) await answer.step();
      await Promise.all([stop(), answer.finish()]);
      ended();
    } catch (error) {
      failed(error);
    }
  }
}
