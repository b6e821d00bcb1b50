/**
 * The lineage port: a receiver of OpenLineage events. What it does not take is a WARN and never changes a
 * verdict, as for notifiers.
 */

/** One receiver; opened once per invocation, used by many exports at once. */
export interface LineageReceiver {
  /** Of the jobs that events are about. */
  readonly namespace: string;
  /** What started this process, as far as it says so. */
  readonly parent: ParentRun | null;
  /** For people, without a secret. */
  readonly address: string;
  /**
   * Sends one event, again where that may help, in bounded time whatever the receiver does.
   * @throws RivetError LINEAGE_FAILED
   */
  send(event: object): Promise<void>;
  /**
   * Asks whether somebody answers there and takes the key, without an event.
   * @throws RivetError LINEAGE_FAILED
   */
  probe(signal: AbortSignal): Promise<LineageProbe>;
}

/** What a receiver said, for people. */
export interface LineageProbe {
  readonly answer: string;
  /** Why it may be no receiver all the same; null: nothing speaks for that. */
  readonly doubt: string | null;
}

/** A run of another tool: Airflow's task, dbt's invocation. */
export interface RunReference {
  readonly namespace: string;
  readonly job: string;
  /** A UUID. */
  readonly runId: string;
}

/** The run that started this one, and the one at the top where that is known. */
export interface ParentRun extends RunReference {
  readonly root: RunReference | null;
}
