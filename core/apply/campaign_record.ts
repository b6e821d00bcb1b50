/**
 * What `rivet apply <config>` leaves in the state when it begins and ends, so that `--resume` knows what
 * the last one has finished. It is the invocation's aggregate, with `apply` beside the totals.
 */
import type { RunAggregateRecord, StateStore } from "../ports/state.ts";
import { aggregateRecord, recordAggregate } from "../run/run.ts";
import type { RunAggregate } from "../report/summary.ts";

export interface CampaignRecord {
  /** Absolute path of the configuration. */
  readonly config_path: string;
  /** ISO 8601 UTC: exports that succeeded from then on are finished. A resumed campaign keeps it. */
  readonly since: string;
  /** The last run that had begun by then; absent in what an earlier Rivet recorded. */
  readonly since_sequence?: number;
}

/** How many invocations back the last apply is looked for. */
const LOOK_BACK = 1_000;

export async function lastCampaign(
  state: StateStore,
  configPath: string,
): Promise<CampaignRecord | null> {
  for (const { detail } of await state.aggregates(LOOK_BACK)) {
    const { apply } = JSON.parse(detail) as { apply?: CampaignRecord };
    if (apply?.config_path === configPath) return apply;
  }
  return null;
}

export class CampaignRecorder {
  readonly #state: StateStore;
  readonly #id = crypto.randomUUID();
  readonly #campaign: CampaignRecord;

  constructor(state: StateStore, campaign: CampaignRecord) {
    this.#state = state;
    this.#campaign = campaign;
  }

  /** Before the first export, so that a killed apply is known too. */
  begin(startedAt: Date): Promise<void> {
    const at = startedAt.toISOString();
    return this.#record({
      aggregateId: this.#id,
      startedAt: at,
      finishedAt: at,
      ...{ exports: 0, succeeded: 0, failed: 0, skipped: 0, rows: 0, bytes: 0 },
      detail: "{}",
    });
  }

  end(run: RunAggregate): Promise<void> {
    return this.#record({ ...aggregateRecord(run), aggregateId: this.#id });
  }

  #record(record: RunAggregateRecord): Promise<void> {
    const detail = { ...JSON.parse(record.detail), apply: this.#campaign };
    return recordAggregate(this.#state, { ...record, detail: JSON.stringify(detail) });
  }
}
