/** The shape of an artifact as apply accepts it; what it means is checked in `read_artifact.ts`. */
import { z } from "../base/zod.ts";
import {
  exportSchema,
  lineageSchema,
  notificationsSchema,
  sourceSchema,
} from "../config/schema.ts";

const bound = z.union([z.number().int(), z.string(), z.null()]);
const instant = z.iso.datetime();

/** Only what apply uses; the rest of the artifact is for people and may grow. */
export const artifactSchema = z.object({
  plan_id: z.string().min(1),
  created_at: instant,
  expires_at: instant,
  export_name: z.string().min(1),
  plan_fingerprint: z.string().min(1),
  resolved_plan: z.strictObject({
    source: sourceSchema,
    // The query is written out: a plan reads no other file.
    export: exportSchema.omit({ query_file: true, allow_outside: true }),
    notifications: notificationsSchema.nullable(),
    // Absent from plans without one.
    lineage: lineageSchema.optional(),
    base_query: z.string(),
    redacted: z.array(z.string()),
  }),
  computed: z.strictObject({
    chunk_ranges: z.array(z.tuple([bound, bound])),
    chunk_count: z.number().int().min(0),
    cursor_snapshot: z.string().nullable(),
    row_estimate: z.number().nullable(),
    snapshot: z.strictObject({ id: z.string().min(1), point: z.string() }).optional(),
  }),
  prioritization: z.object({ recommended_wave: z.number().int().positive() }),
  config_path: z.string().min(1),
  integrity: z.string(),
});

export type ArtifactData = z.infer<typeof artifactSchema>;
