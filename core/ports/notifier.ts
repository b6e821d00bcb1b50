/** The notifier port: tells people about a run. A failing notifier only warns, it never fails a run. */

export interface NotifyEvent {
  readonly kind: "failure" | "schema_change" | "degraded";
  readonly exportName: string;
  readonly runId: string;
  readonly message: string;
}

export interface Notifier {
  notify(event: NotifyEvent): Promise<void>;
}
