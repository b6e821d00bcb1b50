/** What one run tells of itself to a receiver of lineage: that it began, and how it ended, with its datasets. */
import { onlyHelps } from "../access/only_helps.ts";
import { RIVET_VERSION } from "../base/version.ts";
import type { DestinationConfig } from "../config/schema.ts";
import { runTime } from "../manifest/names.ts";
import type { Source, TableLocation } from "../ports/source.ts";
import type { LineageReceiver, RunReference } from "../ports/lineage.ts";
import { tableNames } from "../query/table_names.ts";
import type { ExportSummary } from "../report/summary.ts";
import { type Column, formatType } from "../types/types.ts";
import type { GateResult } from "../encode/quality_verdict.ts";
import { redact } from "../base/redact.ts";
import {
  type Dataset,
  facet,
  type Facets,
  PRODUCER,
  RUN_EVENT_SCHEMA,
  type RunEvent,
} from "./facets.ts";
import { outputDataset } from "./output_dataset.ts";
import { runUuid } from "./run_uuid.ts";

/** Where events go. It never fails. */
export interface EventSink extends Pick<LineageReceiver, "namespace" | "parent"> {
  send(event: RunEvent): Promise<void>;
}

/** The run, as it is known from its beginning on. */
export interface LineageSubject {
  readonly exportName: string;
  readonly runId: string;
  /** Of this attempt: a run that is resumed is another run for the receiver, and ends once. */
  readonly startedAt: Date;
  /** The engine's name, for readers of SQL. */
  readonly dialect: string;
  /** Null: a table, whose statement is known once it is planned. */
  readonly query: string | null;
  readonly destination: DestinationConfig;
  /** Of the opened destination; null: it was not opened. */
  readonly uri: string | null;
}

/** What is known of a run's end beside its summary. */
export interface LineageEnd {
  /** Of the files; null: nothing was planned. */
  readonly fileColumns: readonly Column[] | null;
  readonly gates: readonly GateResult[];
}

interface Planned {
  readonly base: string;
  /** Set for `table:`, whose columns are those of the one input. */
  readonly table: boolean;
  readonly columns: readonly Column[];
  readonly inputs: readonly TableLocation[];
}

/** What one run of an export tells. */
export class RunLineage {
  readonly #lineage: EventSink;
  readonly #subject: LineageSubject;
  #shared = false;
  #began = false;
  #planned: Planned | null = null;
  #sent: Promise<void> = Promise.resolve();

  constructor(lineage: EventSink, subject: LineageSubject) {
    this.#lineage = lineage;
    this.#subject = subject;
  }

  /** The run is one of several processes, one of which has told of its beginning. */
  join(): void {
    this.#shared = true;
    this.#began = true;
  }

  /** Does not wait: the first event is on its way while the run goes on. */
  begin(): void {
    this.#began = true;
    const { startedAt } = this.#subject;
    this.#send(async () => await this.#event("START", startedAt.toISOString(), null));
  }

  /** The first process of a shared run; its event has been sent, or given up, when this returns. */
  async beginShared(): Promise<void> {
    this.#shared = true;
    this.begin();
    await this.#sent;
  }

  /** Asks the catalog where the tables are that are read. */
  async planned(
    source: Pick<Source, "locate" | "dialect">,
    table: string | null,
    { base, description: { columns } }: {
      readonly base: string;
      readonly description: { readonly columns: readonly Column[] };
    },
  ): Promise<void> {
    const inputs = new Map<string, TableLocation>();
    for (
      const name of table === null
        ? tableNames(base, source.dialect.lexis)
        : [source.dialect.table(table)]
    ) {
      const what = `where ${name} is, for its lineage`;
      const found = await onlyHelps(what, async () => await source.locate?.(name) ?? null, null);
      if (found !== null) inputs.set(`${found.server} ${found.name}`, found);
    }
    this.#planned = { base, table: table !== null, columns, inputs: [...inputs.values()] };
  }

  /** Waits for the answers, in the bounded time that each of them has. */
  async ended(summary: ExportSummary, end: LineageEnd): Promise<void> {
    if (!this.#began) this.begin();
    this.#send(async () => {
      const type = EVENT_TYPES[summary.status];
      return await this.#event(type, summary.finishedAt, { summary, end });
    });
    await this.#sent;
  }

  /** One after another: a receiver must not hear of the end first. */
  #send(make: () => Promise<RunEvent>): void {
    this.#sent = this.#sent.then(async () => await this.#lineage.send(await make()));
  }

  async #event(
    eventType: RunEvent["eventType"],
    eventTime: string,
    ended: { readonly summary: ExportSummary; readonly end: LineageEnd } | null,
  ): Promise<RunEvent> {
    const { exportName } = this.#subject;
    return {
      eventType,
      eventTime,
      run: { runId: await runUuid(this.#key()), facets: this.#runFacets(ended?.summary ?? null) },
      job: { namespace: this.#lineage.namespace, name: exportName, facets: this.#jobFacets() },
      inputs: this.#inputs(ended?.summary ?? null, ended?.end.gates ?? []),
      outputs: this.#outputs(ended),
      producer: PRODUCER,
      schemaURL: RUN_EVENT_SCHEMA,
    };
  }

  /** A run that is resumed or repaired began at another moment than its id says. */
  #key(): string {
    const { exportName, runId, startedAt } = this.#subject;
    const { namespace } = this.#lineage;
    const first = this.#shared || runTime(runId, exportName)?.getTime() === startedAt.getTime();
    return JSON.stringify([namespace, exportName, runId, first ? "" : startedAt.toISOString()]);
  }

  #runFacets(summary: ExportSummary | null): Facets {
    const { parent } = this.#lineage;
    const error = summary?.error ?? null;
    const { runId } = this.#subject;
    return {
      processing_engine: facet("ProcessingEngineRunFacet", {
        version: RIVET_VERSION,
        name: "Rivet",
        openlineageAdapterVersion: RIVET_VERSION,
      }),
      tags: facet("TagsRunFacet", { tags: [{ key: "run_id", value: runId, source: "RIVET" }] }),
      ...(parent === null ? {} : {
        parent: facet("ParentRunFacet", {
          ...reference(parent),
          ...(parent.root === null ? {} : { root: reference(parent.root) }),
        }),
      }),
      ...(error === null ? {} : {
        errorMessage: facet("ErrorMessageRunFacet", {
          message: `${error.code}: ${error.message}`,
          programmingLanguage: "TypeScript",
        }),
      }),
    };
  }

  #jobFacets(): Facets {
    const query = this.#planned?.base ?? this.#subject.query;
    return {
      jobType: facet("JobTypeJobFacet", {
        processingType: "BATCH",
        integration: "RIVET",
        jobType: "EXPORT",
      }),
      ...(query === null ? {} : {
        sql: facet("SQLJobFacet", { query: redact(query), dialect: this.#subject.dialect }),
      }),
    };
  }

  #inputs(summary: ExportSummary | null, gates: readonly GateResult[]): RunEvent["inputs"] {
    const { inputs = [], table = false, columns = [] } = this.#planned ?? {};
    const only = inputs.length === 1;
    return inputs.map(({ server, name }) => ({
      namespace: server,
      name,
      facets: {
        dataSource: dataSource(server),
        ...(table ? { schema: schema(columns, (c) => c.nativeType) } : {}),
      },
      inputFacets: {
        ...(table && summary?.status === "success"
          ? {
            inputStatistics: facet("InputStatisticsInputDatasetFacet", { rowCount: summary.rows }),
          }
          : {}),
        ...(only ? assertions(gates) : {}),
      },
    }));
  }

  #outputs(
    ended: { readonly summary: ExportSummary; readonly end: LineageEnd } | null,
  ): RunEvent["outputs"] {
    const { destination, exportName, uri } = this.#subject;
    const dataset = outputDataset(destination, exportName, uri ?? "");
    if (dataset === null) return [];
    const facets = { dataSource: dataSource(dataset.namespace) };
    if (ended === null || ended.summary.status !== "success") {
      return [{ ...dataset, facets, outputFacets: {} }];
    }
    const { rows, bytes, files, runId } = ended.summary;
    const { fileColumns, gates } = ended.end;
    return [{
      ...dataset,
      facets: {
        ...facets,
        version: facet("DatasetVersionDatasetFacet", { datasetVersion: runId }),
        ...(fileColumns === null ? {} : {
          schema: schema(fileColumns, (c) => formatType(c.type)),
          ...this.#columnLineage(fileColumns),
        }),
        ...(this.#planned?.inputs.length === 1 ? {} : assertions(gates)),
      },
      outputFacets: {
        outputStatistics: facet("OutputStatisticsOutputDatasetFacet", {
          rowCount: rows,
          size: bytes,
          fileCount: files,
        }),
      },
    }];
  }

  /** Of `table:`, whose columns are copied; what a query computes is not told apart. */
  #columnLineage(fileColumns: readonly Column[]): Facets {
    const { inputs = [], table = false, columns = [] } = this.#planned ?? {};
    if (!table || inputs.length !== 1) return {};
    const [{ server: namespace, name }] = inputs;
    const copied = fileColumns.filter((c) => columns.some((column) => column.name === c.name));
    const transformations = [{
      type: "DIRECT",
      subtype: "IDENTITY",
      description: "",
      masking: false,
    }];
    const fields = Object.fromEntries(copied.map((column) => [
      column.name,
      { inputFields: [{ namespace, name, field: column.name, transformations }] },
    ]));
    return { columnLineage: facet("ColumnLineageDatasetFacet", { fields }) };
  }
}

const EVENT_TYPES: Readonly<Record<ExportSummary["status"], RunEvent["eventType"]>> = {
  success: "COMPLETE",
  skipped: "COMPLETE",
  failed: "FAIL",
  interrupted: "ABORT",
};

function reference({ namespace, job, runId }: RunReference) {
  return { run: { runId }, job: { namespace, name: job } };
}

function dataSource(namespace: string): Dataset["facets"][string] {
  const uri = namespace === "file" ? "file:///" : namespace;
  return facet("DatasourceDatasetFacet", { name: namespace, uri });
}

function schema(columns: readonly Column[], type: (column: Column) => string) {
  const fields = columns.map((column, i) => ({
    name: column.name,
    type: type(column),
    ordinal_position: i + 1,
  }));
  return facet("SchemaDatasetFacet", { fields });
}

/** What nobody could decide is left out: it neither passed nor failed. */
function assertions(gates: readonly GateResult[]): Facets {
  const decided = gates.filter(({ passed }) => passed !== null);
  if (decided.length === 0) return {};
  return {
    dataQualityAssertions: facet("DataQualityAssertionsDatasetFacet", {
      assertions: decided.map(({ gate, column, passed, expected, actual }) => ({
        assertion: gate,
        success: passed,
        ...(column === null ? {} : { column }),
        severity: "error",
        expected,
        actual,
      })),
    }),
  };
}
