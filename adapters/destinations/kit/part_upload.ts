/** A large file in parts, a bounded number at a time; nothing is left behind when one of them fails. */
import type { FileRange } from "./file_body.ts";

/** How uploads and listings are cut: tests make them small. */
export interface UploadLimits {
  /** Files up to this size go in one request with their MD5. */
  readonly singlePutBytes: number;
  readonly partBytes: number;
  /** Parts on their way at a time. */
  readonly concurrency: number;
  /** Objects on a page of a listing. */
  readonly pageObjects: number;
}

const MIB = 1024 * 1024;

/** Of every store; parts grow where a file would need more of them than the store takes. */
export const UPLOAD_LIMITS: UploadLimits = {
  singlePutBytes: 64 * MIB,
  partBytes: 16 * MIB,
  concurrency: 4,
  pageObjects: 1000,
};

/**
 * The ranges of a file, in order. Parts grow beyond `partBytes` where a store takes no more than
 * `maxParts`; memory does not grow with them, since bodies are streamed.
 */
export function partRanges(
  file: string,
  sizeBytes: number,
  partBytes: number,
  maxParts: number,
): FileRange[] {
  const least = Math.ceil(sizeBytes / maxParts);
  const bytes = least <= partBytes ? partBytes : Math.ceil(least / MIB) * MIB;
  const ranges: FileRange[] = [];
  for (let start = 0; start < sizeBytes; start += bytes) {
    ranges.push({ file, start, length: Math.min(bytes, sizeBytes - start) });
  }
  return ranges;
}

/**
 * Runs `send` for every item, `concurrency` at a time, and returns the results in order.
 * @throws the first failure, after everything that was under way has ended.
 */
export async function sendAll<T, R>(
  items: readonly T[],
  concurrency: number,
  send: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  const failures: unknown[] = [];
  let next = 0;
  const lane = async () => {
    while (failures.length === 0 && next < items.length) {
      const index = next++;
      try {
        results[index] = await send(items[index], index);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
