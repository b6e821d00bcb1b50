/** The ways to cut an export: a new one is a file beside this one, and a line here. */
import type { CutKind } from "../../config/cut_exclusions.ts";
import type { ChunkedMode } from "../../config/modes.ts";
import { ctid } from "./ctid.ts";
import type { Cut } from "./cut.ts";
import { days } from "./days.ts";
import { dense } from "./dense.ts";
import { partitions } from "./partitions.ts";
import { range } from "./range.ts";
import { uniqueKey } from "./unique_key.ts";

/** In the order in which a configuration's settings are looked at; `range` is what remains. */
export const CUTS: Readonly<Record<CutKind, Cut>> = {
  ctid,
  partitions,
  key: uniqueKey,
  dense_keys: dense,
  days,
  range,
};

/** The cut that an export with `mode: chunked` asks for. */
export function cutOf(mode: ChunkedMode): Cut {
  return Object.values(CUTS).find((cut) => cut.wanted(mode)) ?? range;
}

/** In the order of `CUTS`. */
export const CUT_KINDS = Object.keys(CUTS) as [CutKind, ...CutKind[]];
