import { equal } from "node:assert/strict";
import { WASM } from "../../../../../adapters/sources/postgres/hash/wasm.ts";

type Add = (base: number, rows: number, seed: bigint) => void;

interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly positions: WebAssembly.Global;
  readonly lengths: WebAssembly.Global;
  readonly hashes: WebAssembly.Global;
  readonly sums: WebAssembly.Global;
  readonly addBytes: Add;
  readonly addInt4s: Add;
  finish(rows: number): void;
}

const module = new WebAssembly.Module(Uint8Array.fromBase64(WASM));
const run = new WebAssembly.Instance(module).exports as unknown as Exports;
run.memory.grow(1);
const view = new DataView(run.memory.buffer);
const PLACE = view.byteLength - 1024;

/** What `add` adds to a row, the second of three, whose value is `bytes`. */
function added(add: Add, bytes: Uint8Array, seed: bigint): bigint {
  // Bytes around the value must not matter.
  new Uint8Array(run.memory.buffer).fill(33, PLACE).set(bytes, PLACE + 5);
  for (const [row, length] of [-1, bytes.length, -1].entries()) {
    view.setInt32(run.positions.value + row * 4, 5, true);
    view.setInt32(run.lengths.value + row * 4, length, true);
    view.setBigInt64(run.hashes.value + row * 8, BigInt(row), true);
  }
  add(PLACE, 3, seed);
  equal(view.getBigInt64(run.hashes.value, true), 0n);
  equal(view.getBigInt64(run.hashes.value + 16, true), 2n);
  return view.getBigInt64(run.hashes.value + 8, true) ^ 1n;
}

/** Of `length` letters, by a server: `hashtextextended(left('abcd...', length) COLLATE "C", seed)`. */
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const TEXTS: readonly (readonly [length: number, seed: bigint, hash: bigint])[] = [
  [0, 1n, -150071773020461347n],
  [1, -1n, 8688456822845412000n],
  [2, -7046029254386353131n, -8813337557218265245n],
  [3, 1n, 2125675926272891485n],
  [4, -1n, -8506387423880103258n],
  [5, -7046029254386353131n, 5423556707833176642n],
  [6, 1n, -7708154518206703230n],
  [7, -1n, 6620770052711690062n],
  [8, -7046029254386353131n, 5150498316399276286n],
  [9, 1n, 5773402991589158274n],
  [10, -1n, -5021275161817138704n],
  [11, -7046029254386353131n, -802576794447761230n],
  [12, 1n, -6429754808531195817n],
  [13, -1n, 6205390682044465928n],
  [14, -7046029254386353131n, -454602724102696497n],
  [15, 1n, 8832998013640486416n],
  [16, -1n, 5590415279907605704n],
  [17, -7046029254386353131n, 7109483441648802844n],
  [18, 1n, -8483450521730918564n],
  [19, -1n, -1422852774862433387n],
  [20, -7046029254386353131n, 2548147502533268409n],
  [21, 1n, 7909351786236951067n],
  [22, -1n, -2645673675841555979n],
  [23, -7046029254386353131n, -858671223261209192n],
  [24, 1n, -731882798451170301n],
  [25, -1n, -5957734741082924352n],
];

/** `hashint4extended(value, seed)` */
const WORDS: readonly (readonly [value: number, seed: bigint, hash: bigint])[] = [
  [0, 0n, 4154612158245552303n],
  [0, 1n, 434346878670890809n],
  [0, -7046029254386353131n, 6040081407837759822n],
  [1, 0n, -3670598878359251130n],
  [1, 1n, -7620678293940249823n],
  [1, -7046029254386353131n, 3847178503053974423n],
  [-1, 0n, -1888257769727981238n],
  [-1, 1n, 3987656643895367148n],
  [-1, -7046029254386353131n, 5595689452492215845n],
  [2147483647, 0n, -9109110466470504941n],
  [2147483647, 1n, 2560836655869490746n],
  [2147483647, -7046029254386353131n, -2725116279677566641n],
  [-2147483648, 0n, 1977219185673256887n],
  [-2147483648, 1n, 3044001184559810835n],
  [-2147483648, -7046029254386353131n, -1722867377629226331n],
];

Deno.test("lookup3: bytes of every length up to two blocks, as the server hashes them", () => {
  for (const [length, seed, hash] of TEXTS) {
    const bytes = new TextEncoder().encode(LETTERS.slice(0, length));
    equal(added(run.addBytes, bytes, seed), hash, `${length} bytes, seed ${seed}`);
  }
});

Deno.test("lookup3: words, as the server hashes them", () => {
  for (const [value, seed, hash] of WORDS) {
    const bytes = new Uint8Array(4);
    new DataView(bytes.buffer).setInt32(0, value);
    equal(added(run.addInt4s, bytes, seed), hash, `${value}, seed ${seed}`);
  }
});

Deno.test("lookup3: rows are hashes of 0 with their values' hashes as the seed, and added up", () => {
  const seeds = WORDS.filter(([value]) => value === 0);
  for (const [row, [, seed]] of seeds.entries()) {
    view.setBigInt64(run.hashes.value + row * 8, seed, true);
  }
  run.finish(seeds.length);
  const [high, low] = new Float64Array(run.memory.buffer, run.sums.value, 2);
  const sum = seeds.reduce((total, [, , hash]) => total + hash, 0n);
  equal((BigInt(high) << 32n) + BigInt(low), sum);
  for (const row of seeds.keys()) equal(view.getBigInt64(run.hashes.value + row * 8, true), 0n);
});
