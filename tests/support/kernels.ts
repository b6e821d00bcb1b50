/**
 * `deno task kernels`: compiles the WebAssembly of the hot loops, written in AssemblyScript (`*.as`), into the `wasm.ts`
 * beside each, which is committed: who runs the program needs no compiler.
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";
import { scriptArgs } from "../../packaging/script.ts";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

/** A folder, and the sources in it whose exports become one module's. */
export interface Kernel {
  readonly folder: string;
  readonly sources: readonly string[];
  /** For the compiler, beside those for all. */
  readonly flags?: readonly string[];
}

/** 64 KiB each: the whole memory of a kernel of rows, whose addresses are compiled in. */
const ROW_PAGES = "50";
const OF_ROWS = ["--enable", "simd", "--initialMemory", ROW_PAGES, "--maximumMemory", ROW_PAGES];

export const KERNELS: readonly Kernel[] = [
  { folder: "core/encode/kernel", sources: ["row_xxh3"] },
  { folder: "adapters/sources/postgres/hash", sources: ["lookup3"] },
  { folder: "adapters/formats/parquet/kernel", sources: ["kernel", "dictionary"] },
  { folder: "adapters/sources/postgres/kernel", sources: ["kernel"], flags: OF_ROWS },
  { folder: "adapters/sources/mysql/kernel", sources: ["kernel"], flags: OF_ROWS },
  { folder: "adapters/sources/mssql/kernel", sources: ["kernel"], flags: OF_ROWS },
  { folder: "core/base/kernel", sources: ["xxh3_64"] },
];

const FLAGS = ["-O3", "--shrinkLevel", "0", "--runtime", "stub", "--noAssert"];

function sourceOf(folder: string, name: string): string | null {
  try {
    return Deno.readTextFileSync(join(ROOT, folder, name.replace(/\.ts$/, ".as")));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** The module `wasm.ts` of a kernel. @throws with the compiler's words */
export async function compiled({ folder, sources, flags = [] }: Kernel): Promise<string> {
  let wasm: Uint8Array | null = null;
  const said: string[] = [];
  const names = sources.map((source) => `${source}.ts`);
  const { error } = await asc.main([...names, "--outFile", "kernel.wasm", ...FLAGS, ...flags], {
    readFile: (name) => sourceOf(folder, name),
    writeFile: (_name, contents) => {
      if (contents instanceof Uint8Array) wasm = contents;
    },
    listFiles: () => [],
    stderr: { write: (text) => void said.push(String(text)) },
  });
  if (error !== null || wasm === null) throw new Error(`${folder}: ${said.join("")}`);
  const names64 = sources.map((source) => `\`${source}.as\``).join(" and ");
  return `/** ${names64}, compiled by \`deno task kernels\`. */\n` +
    `export const WASM: string =\n  "${(wasm as Uint8Array).toBase64()}";\n`;
}

if (import.meta.main) {
  scriptArgs(import.meta.url, {});
  for (const kernel of KERNELS) {
    await Deno.writeTextFile(join(ROOT, kernel.folder, "wasm.ts"), await compiled(kernel));
  }
}
