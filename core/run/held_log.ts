/** The file log of chunks that are recorded together with it: what a destination accepted is held until then (I2). */
import type { FileRecord } from "../ports/state.ts";
import { bestEffort, type ExportContext } from "./context.ts";

export class HeldLog {
  /** The run's, whose log is this one. */
  readonly ctx: ExportContext;
  readonly #state: ExportContext["state"];
  readonly #files = new Map<number | null, FileRecord[]>();

  constructor(ctx: ExportContext) {
    this.#state = ctx.state;
    const logFile = (file: FileRecord) => {
      const files = this.#files.get(file.chunkIndex);
      if (files === undefined) this.#files.set(file.chunkIndex, [file]);
      else files.push(file);
      return Promise.resolve();
    };
    this.ctx = { ...ctx, state: { ...ctx.state, logFile } };
  }

  /** What is to be logged with the chunk. */
  of(chunkIndex: number | null): readonly FileRecord[] {
    return this.#files.get(chunkIndex) ?? [];
  }

  /** It is logged. */
  forget(chunkIndex: number | null): void {
    this.#files.delete(chunkIndex);
  }

  /** The chunk will not be recorded: what it left is logged all the same. @throws RivetError LEASE_LOST */
  async flush(chunkIndex: number | null): Promise<void> {
    const files = this.of(chunkIndex);
    this.forget(chunkIndex);
    for (const file of files) await bestEffort("the file log", () => this.#state.logFile(file));
  }
}
