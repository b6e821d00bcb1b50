/** A local file, or a part of it, as the body of a request: read anew for each attempt. */
import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { fileError } from "../../../core/base/file_error.ts";

/** Of a body in memory at a time, besides the socket's buffer. Measured: larger and smaller are slower. */
const SLICE_BYTES = 256 * 1024;

/** A range of a finished local file. */
export interface FileRange {
  readonly file: string;
  readonly start: number;
  readonly length: number;
}

/**
 * A range as the body of a request to a provider's SDK, which passes it on as the stream that it looks
 * like; the client that sends it reads the file itself.
 */
export class RangeBody extends Readable {
  readonly range: FileRange;

  constructor(range: FileRange) {
    super();
    this.range = range;
  }

  override _read(): void {
    this.destroy(new Error("a body of a file is sent by its range"));
  }
}

/** Base64 MD5 of the range, read in slices. */
export async function rangeMd5(range: FileRange): Promise<string> {
  const hash = createHash("md5");
  for await (const slice of slices(range)) hash.update(slice);
  return hash.digest("base64");
}

/** @throws DestinationError when the file cannot be read, or is shorter. */
export async function* slices(range: FileRange): AsyncGenerator<Uint8Array> {
  let file: Deno.FsFile | undefined;
  try {
    file = await Deno.open(range.file);
    await file.seek(range.start, Deno.SeekMode.Start);
    let left = range.length;
    while (left > 0) {
      const buffer = new Uint8Array(Math.min(SLICE_BYTES, left));
      const read = await file.read(buffer);
      if (read === null) throw new Error(`the file ends ${left} bytes early`);
      left -= read;
      yield buffer.subarray(0, read);
    }
  } catch (error) {
    throw fileError(error, "read", range.file);
  } finally {
    file?.close();
  }
}

/** @throws DestinationError when the file is not there. */
export async function fileSize(file: string): Promise<number> {
  try {
    return (await Deno.stat(file)).size;
  } catch (error) {
    throw fileError(error, "read", file);
  }
}
