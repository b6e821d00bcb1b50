/** The shape of an artifact as apply accepts it; what it means is checked in `read_artifact.ts`. */
import type { Infer } from "../base/shape.ts";
import { s } from "../base/shapes.ts";
import {
  exportSchema,
  lineageSchema,
  notificationsSchema,
  sourceSchema,
} from "../config/schema.ts";

const bound = s.union([s.number().int(), s.string(), s.null()]);
const instant = s.instant();

/** Only what apply uses; the rest of the artifact is for people and may grow. */
export const artifactSchema = s.object({
  plan_id: s.string().min(1),
  created_at: instant,
  expires_at: instant,
  export_name: s.string().min(1),
  plan_fingerprint: s.string().min(1),
  resolved_plan: s.strictObject({
    source: sourceSchema,
    // The query is written out: a plan reads no other file.
    export: exportSchema.omit({ query_file: true, allow_outside: true }),
    notifications: notificationsSchema.nullable(),
    // Absent from plans without one.
    lineage: lineageSchema.optional(),
    base_query: s.string(),
    redacted: s.array(s.string()),
  }),
  computed: s.strictObject({
    chunk_ranges: s.array(s.pair(bound, bound)),
    chunk_count: s.number().int().min(0),
    cursor_snapshot: s.string().nullable(),
    row_estimate: s.number().nullable(),
    snapshot: s.strictObject({ id: s.string().min(1), point: s.string() }).optional(),
  }),
  prioritization: s.object({ recommended_wave: s.number().int().positive() }),
  config_path: s.string().min(1),
  integrity: s.string(),
});

export type ArtifactData = Infer<typeof artifactSchema>;
