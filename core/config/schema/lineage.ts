/** `lineage:` at the top of the file. */
import type { Infer } from "../../base/shape.ts";
import { s } from "../../base/shapes.ts";
import { text } from "./fields.ts";

/** `lineage:` at the top of the file. */
export const lineageSchema = s.strictObject({
  url: text.optional().describe(
    "Address of the receiver of OpenLineage events, e.g. http://marquez:5000. Default: OPENLINEAGE_URL.",
  ),
  url_env: text.optional().describe("Environment variable that holds the address."),
  endpoint: text.optional().describe(
    "Path of the receiver below its address. Default: OPENLINEAGE_ENDPOINT, else api/v1/lineage.",
  ),
  namespace: text.optional().describe(
    "Namespace of the jobs, one per export. Default: OPENLINEAGE_NAMESPACE, else default.",
  ),
  api_key_env: text.optional().describe(
    "Environment variable of a key that is sent as a bearer token. Default: OPENLINEAGE_API_KEY, where it is set.",
  ),
  timeout_s: s.number().int().min(1).max(60).default(5).describe(
    "Seconds that one event may take, its second attempt included. Default: 5.",
  ),
}).describe("Tells an OpenLineage receiver of every run. One that is away only warns.");

/** The block after parsing, with its defaults. */
export type LineageConfig = Infer<typeof lineageSchema>;
