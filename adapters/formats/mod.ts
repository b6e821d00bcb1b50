/** The formats that an export can be written in. */
import type { Format } from "../../core/ports/format.ts";
import { csv } from "./csv/mod.ts";
import { parquet } from "./parquet/mod.ts";

export const formats: Record<Format["name"], Format> = { parquet, csv };
