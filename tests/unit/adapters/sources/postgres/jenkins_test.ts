import { equal } from "node:assert/strict";
import { hashBytes, hashed, hashWord } from "../../../../../adapters/sources/postgres/jenkins.ts";

/** Of `length` letters, by a server: `hashtextextended(left('abcd...', length) COLLATE "C", seed)`. */
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const TEXTS: readonly (readonly [length: number, seed: bigint, hash: bigint])[] = [
  [0, 0n, -6939563903564495251n],
  [1, 1n, 3325245193489759299n],
  [2, -7046029254386353131n, -8813337557218265245n],
  [3, 0n, -6747756470228489321n],
  [4, 1n, -9042268383291675265n],
  [5, -7046029254386353131n, 5423556707833176642n],
  [6, 0n, 290958262752763840n],
  [7, 1n, 8893296306369806751n],
  [8, -7046029254386353131n, 5150498316399276286n],
  [9, 0n, -3278210106038014113n],
  [10, 1n, 3861069368272743232n],
  [11, -7046029254386353131n, -802576794447761230n],
  [12, 0n, -7556637188122330412n],
  [13, 1n, 3808842878744369845n],
  [14, -7046029254386353131n, -454602724102696497n],
  [15, 0n, 9043359162837317271n],
  [16, 1n, 703898403846518408n],
  [17, -7046029254386353131n, 7109483441648802844n],
  [18, 0n, 484589330715449564n],
  [19, 1n, -5352055475504206210n],
  [20, -7046029254386353131n, 2548147502533268409n],
  [21, 0n, 7996419909667933074n],
  [22, 1n, -2120185363977180431n],
  [23, -7046029254386353131n, -858671223261209192n],
  [24, 0n, -1933194731779935345n],
  [25, 1n, 5694819572527276190n],
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

const low = (value: bigint) => Number(BigInt.asIntN(32, value));
const high = (value: bigint) => Number(BigInt.asIntN(32, value >> 32n));
const result = () => BigInt.asIntN(64, BigInt(hashed.high) << 32n | BigInt(hashed.low >>> 0));

Deno.test("lookup3: bytes of every length up to two blocks, as the server hashes them", () => {
  for (const [length, seed, hash] of TEXTS) {
    // Bytes around the value must not matter.
    const bytes = new TextEncoder().encode(`!${LETTERS.slice(0, length)}!!!!`);
    hashBytes(new DataView(bytes.buffer), 1, length, low(seed), high(seed));
    equal(result(), hash, `${length} bytes, seed ${seed}`);
  }
});

Deno.test("lookup3: words, as the server hashes them", () => {
  for (const [value, seed, hash] of WORDS) {
    hashWord(value, low(seed), high(seed));
    equal(result(), hash, `${value}, seed ${seed}`);
  }
});
