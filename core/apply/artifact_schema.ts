/** The shape of an artifact as apply accepts it; what it means is checked in `read_artifact.ts`. */
import * as v from "valibot";
import {
  instant,
  nonNegative,
  number,
  object,
  positive,
  strictObject,
  text,
  whole,
} from "../base/schema.ts";
import {
  exportSchema,
  lineageSchema,
  notificationsSchema,
  sourceSchema,
} from "../config/schema.ts";

const bound = v.union([whole, v.string(), v.null()]);

// The query is written out: a plan reads no other file.
const { query_file: _file, allow_outside: _outside, ...exportEntries } = exportSchema.entries;

/** Only what apply uses; the rest of the artifact is for people and may grow. */
export const artifactSchema = object({
  plan_id: text,
  created_at: instant,
  expires_at: instant,
  export_name: text,
  plan_fingerprint: text,
  resolved_plan: strictObject({
    source: sourceSchema,
    export: strictObject(exportEntries),
    notifications: v.nullable(notificationsSchema),
    // Absent from plans without one.
    lineage: v.optional(lineageSchema),
    base_query: v.string(),
    redacted: v.array(v.string()),
  }),
  computed: strictObject({
    chunk_ranges: v.array(v.strictTuple([bound, bound])),
    chunk_count: nonNegative,
    cursor_snapshot: v.nullable(v.string()),
    row_estimate: v.nullable(number),
    snapshot: v.optional(strictObject({ id: text, point: v.string() })),
  }),
  prioritization: object({ recommended_wave: positive }),
  config_path: text,
  integrity: v.string(),
});

export type ArtifactData = v.InferOutput<typeof artifactSchema>;
