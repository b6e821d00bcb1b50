/** The footer of a Parquet file on disk. */
import { RivetError } from "../../../core/base/errors.ts";
import { ThriftReader, type ThriftStruct } from "./thrift.ts";

/** Footer length and magic, the end of every file. */
const TAIL_BYTES = 8;

/** What makes a file none that was finished. */
export function invalidFile(path: string, why: string): RivetError {
  return new RivetError("VALIDATION_FAILED", `${path} is not a complete Parquet file: ${why}`);
}

async function readAt(file: Deno.FsFile, offset: number, length: number): Promise<Uint8Array> {
  await file.seek(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const read = await file.read(bytes.subarray(filled));
    if (read === null) break;
    filled += read;
  }
  return bytes.subarray(0, filled);
}

/** FileMetaData, undecoded. @throws RivetError VALIDATION_FAILED when the file has no whole footer. */
export async function readFooter(path: string): Promise<ThriftStruct> {
  using file = await Deno.open(path, { read: true });
  const { size } = await file.stat();
  if (size < TAIL_BYTES + 4) throw invalidFile(path, `it has ${size} bytes`);
  const tail = await readAt(file, size - TAIL_BYTES, TAIL_BYTES);
  if (new TextDecoder().decode(tail.subarray(4)) !== "PAR1") {
    throw invalidFile(path, "it does not end in PAR1");
  }
  const length = new DataView(tail.buffer, tail.byteOffset).getUint32(0, true);
  if (length > size - TAIL_BYTES - 4) throw invalidFile(path, `a footer of ${length} bytes`);
  return new ThriftReader(await readAt(file, size - TAIL_BYTES - length, length)).struct();
}
