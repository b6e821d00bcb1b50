/** `lineage:` at the top of the file. */
import * as v from "valibot";
import { strictObject, text, whole } from "../../base/schema.ts";
import { defaulted, described, optional } from "./fields.ts";

/** `lineage:` at the top of the file. */
export const lineageSchema = described(
  strictObject({
    url: optional(
      text,
      "Address of the receiver of OpenLineage events, e.g. http://marquez:5000. Default: OPENLINEAGE_URL.",
    ),
    url_env: optional(text, "Environment variable that holds the address."),
    endpoint: optional(
      text,
      "Path of the receiver below its address. Default: OPENLINEAGE_ENDPOINT, else api/v1/lineage.",
    ),
    namespace: optional(
      text,
      "Namespace of the jobs, one per export. Default: OPENLINEAGE_NAMESPACE, else default.",
    ),
    api_key_env: optional(
      text,
      "Environment variable of a key that is sent as a bearer token. Default: OPENLINEAGE_API_KEY, where it is set.",
    ),
    timeout_s: defaulted(
      v.pipe(whole, v.minValue(1), v.maxValue(60)),
      5,
      "Seconds that one event may take, its second attempt included. Default: 5.",
    ),
  }),
  "Tells an OpenLineage receiver of every run. One that is away only warns.",
);

/** The block after parsing, with its defaults. */
export type LineageConfig = v.InferOutput<typeof lineageSchema>;
