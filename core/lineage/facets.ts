/** The facets of OpenLineage's published schemas, by their names, each with the version that it follows. */
import { RIVET_VERSION } from "../base/version.ts";

const SPEC = "https://openlineage.io/spec";

/** Who made an event, as a URI. */
export const PRODUCER = `https://jsr.io/@rivet/cli/${RIVET_VERSION}`;
export const RUN_EVENT_SCHEMA = `${SPEC}/2-0-2/OpenLineage.json#/$defs/RunEvent`;

/** The definition of a facet -> the version of its schema. */
const VERSIONS = {
  ColumnLineageDatasetFacet: "1-2-0",
  DataQualityAssertionsDatasetFacet: "1-1-0",
  DatasetVersionDatasetFacet: "1-0-1",
  DatasourceDatasetFacet: "1-0-1",
  ErrorMessageRunFacet: "1-0-1",
  InputStatisticsInputDatasetFacet: "1-0-0",
  JobTypeJobFacet: "2-0-4",
  OutputStatisticsOutputDatasetFacet: "1-0-2",
  ParentRunFacet: "1-2-0",
  ProcessingEngineRunFacet: "1-1-1",
  SchemaDatasetFacet: "1-2-0",
  SQLJobFacet: "1-1-0",
  TagsRunFacet: "1-0-0",
} as const;

export interface Facet {
  readonly _producer: string;
  readonly _schemaURL: string;
  readonly [field: string]: unknown;
}

export type Facets = Readonly<Record<string, Facet>>;

export function facet(name: keyof typeof VERSIONS, fields: Record<string, unknown>): Facet {
  const schema = `${SPEC}/facets/${VERSIONS[name]}/${name}.json#/$defs/${name}`;
  return { _producer: PRODUCER, _schemaURL: schema, ...fields };
}

/** A dataset as an event names it. */
export interface Dataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets: Facets;
}

/** One event of a run. */
export interface RunEvent {
  readonly eventType: "START" | "COMPLETE" | "FAIL" | "ABORT";
  /** ISO 8601. */
  readonly eventTime: string;
  readonly run: { readonly runId: string; readonly facets: Facets };
  readonly job: { readonly namespace: string; readonly name: string; readonly facets: Facets };
  readonly inputs: readonly (Dataset & { readonly inputFacets: Facets })[];
  readonly outputs: readonly (Dataset & { readonly outputFacets: Facets })[];
  readonly producer: string;
  readonly schemaURL: string;
}
