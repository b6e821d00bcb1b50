import { deepEqual, equal } from "node:assert/strict";
import {
  hashBytes,
  type Hashes,
  hashSeeds,
  hashWord,
  wordState,
} from "../../../../../adapters/sources/postgres/jenkins.ts";

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

const wordsOf = (value: bigint) => ({
  low: Number(BigInt.asIntN(32, value)),
  high: Number(BigInt.asIntN(32, value >> 32n)),
});

/** What `add` adds to a row that holds `before`. */
function added(add: (out: Hashes) => void): bigint {
  const out = { low: Int32Array.of(1, 2, 3), high: Int32Array.of(4, 5, 6) };
  add(out);
  deepEqual([out.low[0], out.low[2], out.high[0], out.high[2]], [1, 3, 4, 6]);
  return BigInt.asIntN(64, BigInt(out.high[1] ^ 5) << 32n | BigInt((out.low[1] ^ 2) >>> 0));
}

Deno.test("lookup3: bytes of every length up to two blocks, as the server hashes them", () => {
  for (const [length, seed, hash] of TEXTS) {
    // Bytes around the value must not matter.
    const bytes = new TextEncoder().encode(`!${LETTERS.slice(0, length)}!!!!`);
    const view = new DataView(bytes.buffer);
    const found = added((out) => hashBytes(view, 1, length, wordsOf(seed), out, 1));
    equal(found, hash, `${length} bytes, seed ${seed}`);
  }
});

Deno.test("lookup3: words, as the server hashes them", () => {
  for (const [value, seed, hash] of WORDS) {
    const state = wordState(wordsOf(seed));
    equal(added((out) => hashWord(value, state, out, 1)), hash, `${value}, seed ${seed}`);
  }
});

Deno.test("lookup3: a hash of seeds", () => {
  for (const [, seed, hash] of WORDS.filter(([value]) => value === 0)) {
    const { low, high } = wordsOf(seed);
    const out = { low: Int32Array.of(low, 7), high: Int32Array.of(high, 7) };
    hashSeeds(out, 1);
    const { low: wantedLow, high: wantedHigh } = wordsOf(hash);
    deepEqual(out, { low: Int32Array.of(wantedLow, 7), high: Int32Array.of(wantedHigh, 7) });
  }
});
