/** What happens to the batches of one unit between reading and commit: stages, then part files. */
import type { Batch } from "../batch/batch.ts";
import type { Format } from "../ports/format.ts";
import { type ByteStream, type OutputSpec, PartWriter } from "./part_writer.ts";
import type { StagedPart } from "./staged_file.ts";
import { PartitionedPartWriter } from "./partitioned_writer.ts";
import { fileColumns } from "./stage_plan.ts";
import { type StageResult, Stages } from "./stages.ts";

/** What a unit leaves; structured-clone safe. */
export interface WriteResult {
  readonly parts: readonly StagedPart[];
  readonly stages: StageResult;
}

function openFiles(
  format: Format,
  output: OutputSpec,
  stream: ByteStream | null = null,
): PartWriter | PartitionedPartWriter {
  const { stages, stagedPath, ...rest } = output;
  const spec = { ...rest, columns: fileColumns(output.columns, stages) };
  if (stages.partition === null) return new PartWriter(format, { ...spec, stagedPath }, stream);
  return new PartitionedPartWriter(
    stages.partition,
    (index) => new PartWriter(format, { ...spec, stagedPath: `${stagedPath}.${index}` }),
  );
}

/**
 * One per unit: take batches, then finish or abort. Nothing staged stays behind after an abort.
 */
export class UnitWriter {
  readonly #output: OutputSpec;
  readonly #files: PartWriter | PartitionedPartWriter;
  #stages: Stages | null = null;

  constructor(format: Format, output: OutputSpec, stream: ByteStream | null = null) {
    this.#output = output;
    this.#files = openFiles(format, output, stream);
  }

  /** Encoded bytes so far, over all parts. */
  get bytesWritten(): number {
    return this.#files.bytesWritten;
  }

  /** The batch belongs to the writer. */
  async write(batch: Batch): Promise<void> {
    if (batch.rows === 0) return;
    const stages = this.#openStages();
    await this.#files.write(stages.apply(batch));
  }

  async finish(): Promise<WriteResult> {
    const stages = this.#openStages();
    return { parts: await this.#files.finish(), stages: stages.result() };
  }

  /** Removes everything that was staged. */
  abort(): void {
    this.#files.abort();
  }

  #openStages(): Stages {
    return this.#stages ??= Stages.open(this.#output.stages);
  }
}
