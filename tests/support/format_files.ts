/** Files written by a format's encoder into a temp folder, for tests. */
import { loadFormat } from "../../adapters/formats/mod.ts";
import type { Batch } from "../../core/batch/batch.ts";
import { withLocalFile } from "../../core/base/file_bytes.ts";
import type { CompressionName, EncoderOptions, Format } from "../../core/ports/format.ts";
import type { Column } from "../../core/types/types.ts";

export const DEFAULT_OPTIONS: EncoderOptions = {
  compression: "zstd",
  compressionLevel: 3,
  rowGroup: { strategy: "auto" },
  encoding: "auto",
  bloomFilterColumns: [],
  csv: { escapeFormulas: false, nullText: null, fractions: "always" },
  metadata: {},
};

/** Rows of a finished file, as its format counts them. @throws Error that says what is wrong with it. */
export async function checkedRows(
  format: Format,
  path: string,
  compression: CompressionName = "none",
  columns: readonly string[] | null = null,
): Promise<number> {
  const { rows, problem } = await withLocalFile(
    path,
    (file) => format.check(file, { compression, columns }),
  );
  if (problem !== null) throw new Error(problem.message);
  return rows;
}

export function concat(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** The bytes of a file of the batches. */
export async function encode(
  format: Format["name"],
  columns: readonly Column[],
  batches: readonly Batch[],
  options: Partial<EncoderOptions> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = await (await loadFormat(format)).open(columns, {
    ...DEFAULT_OPTIONS,
    ...options,
  });
  const parts = batches.flatMap((batch) => encoder.write(batch));
  return concat([...parts, ...encoder.finish()]);
}

/** Calls `use` with the path of a file of the batches, which is removed afterwards. */
export async function withFile<T>(
  format: Format["name"],
  columns: readonly Column[],
  batches: readonly Batch[],
  options: Partial<EncoderOptions>,
  use: (path: string) => Promise<T>,
): Promise<T> {
  const { extension } = await loadFormat(format);
  const path = await Deno.makeTempFile({ suffix: `.${extension}` });
  try {
    await Deno.writeFile(path, await encode(format, columns, batches, options));
    return await use(path);
  } finally {
    await Deno.remove(path);
  }
}
