/**
 * Command lines of the documented tool, as data: what is run, how it ends, what is printed. They run one after
 * another in one folder (see `cases_test.ts`), so that a later one finds what an earlier one left.
 */

export interface Case {
  readonly id: string;
  /** What follows `rivet`, split at blanks; `$URL` is the database's. */
  readonly run: string;
  readonly code: number;
  readonly env?: Readonly<Record<string, string>>;
  /** Run at the source before. */
  readonly sql?: string;
  readonly out?: RegExp;
  readonly err?: RegExp;
  /** Where the JSON is: stdout, its lines, stderr, or a file. */
  readonly json?: "stdout" | "lines" | "stderr" | { readonly file: string };
  /** Keys that the JSON has, e.g. `per_export[].run_id`, of a list that has elements. */
  readonly keys?: string;
}

/** The configurations that the cases name. */
export const CONFIGS: Readonly<Record<string, string>> = {
  "rivet.yaml": `
source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}, tuning: {profile: fast}}
exports:
  - name: orders
    query: "SELECT id, user_id, product, price, status, updated_at FROM orders"
    mode: chunked
    chunk_column: id
    chunk_size: 40
    chunk_checkpoint: true
    parallel: 2
    columns: {price: "decimal(10,2)"}
    destination: {type: local, path: ./output/orders}
  - name: users
    query: "SELECT id, name, updated_at FROM users"
    mode: incremental
    cursor_column: updated_at
    skip_empty: true
    destination: {type: local, path: ./output/users}
  - name: recent
    query: "SELECT id, updated_at FROM users"
    mode: time_window
    time_column: updated_at
    days_window: 36500
    destination: {type: local, path: ./output/recent}
  - {name: all_users, query: "SELECT id, name FROM users", destination: {type: local, path: "./output/{date}"}}
`,
  "types.yaml": `
source: {type: postgres, url_env: DATABASE_URL}
exports:
  - {name: typed, query: "SELECT * FROM typed", destination: {type: local, path: ./types}}
`,
  "bare.yaml": `
source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}}
exports:
  - {name: bare, query: "SELECT price FROM orders", destination: {type: local, path: ./bare}}
`,
  "params.yaml": `
source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}}
exports:
  - {name: some, query: "SELECT id FROM users WHERE id <= \${last} AND '\${region}' <> ''", destination: {type: local, path: ./some}}
`,
  "failing.yaml": `
source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}, tuning: {max_retries: 0}}
exports:
  - {name: good, query: "SELECT 1 AS n", destination: {type: local, path: ./good}}
  - {name: bad, query: "SELECT 1/0 AS n", destination: {type: local, path: ./bad}}
`,
  "refused.yaml": `
source: {type: postgres, url_env: WRONG_URL, tls: {mode: disable}, tuning: {max_retries: 0}}
exports:
  - {name: good, query: "SELECT 1 AS n", destination: {type: local, path: ./good}}
`,
  "legacy.yaml": `
source: {type: postgres, url_env: DATABASE_URL, tls: {mode: disable}}
exports:
  - {name: old, format: csv, query: "SELECT 1 AS n", destination: {type: local, path: ./legacy}}
`,
};

/** Other files that the cases name. */
export const FILES: Readonly<Record<string, string>> = {
  "legacy/old_20260101_000000.csv": "n\n1\n",
};

const SUMMARY = ["run_id", "export_name", "status", "total_rows", "files_produced", "bytes_written"]
  .concat(["duration_ms", "peak_rss_mb", "retries", "validated", "schema_changed", "error_message"])
  .map((key) => `per_export[].${key}`).join(" ");
const AGGREGATE =
  `total_exports succeeded failed skipped total_rows total_files total_bytes duration_ms per_export ${SUMMARY}`;
const PLAN = "rivet_version plan_id created_at expires_at export_name strategy plan_fingerprint " +
  "resolved_plan computed.chunk_ranges computed.chunk_count computed.cursor_snapshot " +
  "computed.row_estimate diagnostics.verdict diagnostics.warnings diagnostics.recommended_profile " +
  "prioritization.export_recommendation.priority_score config_path integrity";
const RECONCILE =
  "rivet_version export_name run_id strategy partitions[].kind partitions[].identifier " +
  "partitions[].source_count partitions[].exported_count partitions[].status summary.total_partitions " +
  "summary.matches summary.mismatches summary.unknown summary.total_source_rows " +
  "summary.total_exported_rows";
const REPAIR =
  "rivet_version export_name reconcile_run_id strategy skipped actions[].chunk_index " +
  "actions[].start_key actions[].end_key actions[].reason";
const VALIDATION = "exports[].export_name exports[].run_id exports[].status exports[].legacy_run " +
  "exports[].parts summary.passed summary.failed";

export const CASES: readonly Case[] = [
  { id: "version", run: "--version", code: 0, out: /^rivet \d+\.\d+\.\d+/ },
  { id: "help", run: "--help", code: 0, out: /Usage:[^]*\brun\b[^]*\bplan\b[^]*\bstate\b/ },
  {
    id: "json-errors-before",
    run: "--json-errors run --config missing.yaml",
    code: 2,
    json: "stderr",
    keys: "error code hint exit_class retryable",
  },
  {
    id: "json-errors-after",
    run: "run --config missing.yaml --json-errors",
    code: 2,
    json: "stderr",
    keys: "error code hint",
  },
  // init
  { id: "init-table", run: "init --source-env DATABASE_URL --table orders -o one.yaml", code: 0 },
  {
    id: "init-schema",
    run: "init --source-env DATABASE_URL --schema public --output all.yaml",
    code: 0,
  },
  {
    id: "init-stdout",
    run: "init --source $URL --table public.users",
    code: 0,
    out: /^ *meta_columns:[^]*exported_at: true[^]*row_hash: true/m,
  },
  { id: "init-file", run: "init --source-file url.txt --table users", code: 0, out: /name: users/ },
  {
    id: "init-chunked",
    run: "init --source-env DATABASE_URL --table big",
    code: 0,
    out: /mode: chunked[^]*chunk_checkpoint: true/,
  },
  {
    id: "init-discover",
    run: "init --source-env DATABASE_URL --schema public --discover -o discovery.json",
    code: 0,
    json: { file: "discovery.json" },
    keys:
      "tables[].table tables[].suggested_mode tables[].cursor_candidates tables[].chunk_candidates " +
      "tables[].row_estimate tables[].total_bytes tables[].suggested_cursor_fallback_column tables[].notes",
  },
  {
    id: "init-two-sources",
    run: "init --source $URL --source-env DATABASE_URL",
    code: 2,
    err: /error/,
  },
  { id: "init-no-source", run: "init --table orders", code: 2, err: /--source/ },
  { id: "check-scaffold", run: "check -c all.yaml", code: 0, out: /Export: users/ },
  // doctor
  {
    id: "doctor",
    run: "doctor -c rivet.yaml",
    code: 0,
    out:
      /rivet doctor: verifying auth for config 'rivet\.yaml'[^]*\[OK\] +Config parsed successfully\n\[OK\] +Source auth \(Postgres\)[^]*\[OK\] +Destination Local\(\.\/output[^]*All checks passed\./,
  },
  {
    id: "doctor-json",
    run: "doctor --config rivet.yaml --json",
    code: 0,
    json: "stdout",
    keys: "all_ok checks[].ok checks[].name",
  },
  {
    id: "doctor-plaintext",
    run: "doctor -c types.yaml",
    code: 0,
    out: /\[WARN\].*TLS is not enforced/,
  },
  {
    id: "doctor-refused",
    run: "doctor -c refused.yaml",
    code: 1,
    out: /\[FAIL\][^]*connectivity error/,
    env: { WRONG_URL: "postgresql://nobody@127.0.0.1:1/none" },
  },
  // check
  {
    id: "check",
    run: "check --config rivet.yaml",
    code: 0,
    out:
      /Export: orders[^]*Strategy: +chunked-parallel\(id, size=40, p=2\)[^]*Row estimate:[^]*Scan type:[^]*Verdict: +(EFFICIENT|ACCEPTABLE|DEGRADED)[^]*Recommended: +tuning\.profile:/,
  },
  {
    id: "check-export",
    run: "check -c rivet.yaml -e users",
    code: 0,
    out: /incremental\(updated_at\)/,
  },
  {
    id: "check-param",
    run: "check -c params.yaml -p last=3 -p region=eu",
    code: 0,
    out: /full-scan/,
  },
  {
    id: "type-report",
    run: "check -c types.yaml --type-report",
    code: 0,
    out:
      /Column +Source type +Rivet type +Arrow type +Fidelity[^]*\bid +int4 .*Int32 +exact[^]*amount +numeric\(15,4\) +decimal\(15,4\) +Decimal128\(15, 4\) +exact[^]*created_at +timestamptz +timestamp_tz +Timestamp\(us, UTC\) +exact[^]*metadata +jsonb +json +Utf8 +logical_string[^]*tags +text\[\] +list<text> +List\(Utf8\)/,
  },
  {
    id: "type-report-target",
    run: "check -c types.yaml --type-report --target bigquery",
    code: 0,
    out: /Export: typed +\[target: bigquery\][^]*Target type +Status[^]*amount .*NUMERIC +ok/,
  },
  {
    id: "type-report-json",
    run: "check -c types.yaml --type-report --json",
    code: 0,
    json: "lines",
    keys:
      "export columns[].column columns[].source_type columns[].rivet_type columns[].arrow_type " +
      "columns[].fidelity violations",
  },
  {
    id: "type-report-strict",
    run: "check -c bare.yaml --type-report --strict",
    code: 1,
    out: /unsupported/,
  },
  // plan and apply
  {
    id: "plan",
    run: "plan -c rivet.yaml -e orders",
    code: 0,
    out:
      /Plan ID +: [^]*Created +: [^]*Expires +: [^]*Export +: orders[^]*Strategy +: chunked[^]*Chunks +: 3[^]*Row est\. +: ~120[^]*Verdict +: [^]*Profile +: [^]*Resources *:[^]*Batch size +:[^]*Batch memory +:[^]*RSS guard +:[^]*Output +: local → \.\/output\/orders[^]*Format +: parquet \+ zstd/,
  },
  {
    id: "plan-json",
    run: "plan --config rivet.yaml --export orders --format json --output plan.json",
    code: 0,
    json: { file: "plan.json" },
    keys: PLAN,
  },
  {
    id: "plan-stdout",
    run: "plan -c rivet.yaml -e users --format json",
    code: 0,
    json: "stdout",
    keys: PLAN,
  },
  {
    id: "plan-users",
    run: "plan -c rivet.yaml -e users --format json -o users_plan.json",
    code: 0,
    json: { file: "users_plan.json" },
    keys: PLAN,
  },
  {
    id: "plan-campaign",
    run: "plan -c rivet.yaml",
    code: 0,
    out: /Campaign/,
  },
  { id: "plan-param", run: "plan -c params.yaml --param last=3 --param region=eu", code: 0 },
  { id: "apply", run: "apply plan.json", code: 0, out: /── orders ──[^]*rows: +120/ },
  { id: "apply-users", run: "apply users_plan.json", code: 0, out: /── users ──/ },
  {
    id: "apply-drift",
    run: "apply users_plan.json",
    code: 1,
    err: /cursor/,
  },
  { id: "apply-force", run: "apply users_plan.json --force", code: 0, err: /cursor/ },
  { id: "apply-config", run: "apply rivet.yaml", code: 0, out: /── users ──/ },
  // run
  {
    id: "run-all",
    run: "run -c rivet.yaml --validate --reconcile --json --summary-output summary.json",
    code: 0,
    json: "stdout",
    keys: AGGREGATE,
    sql: "INSERT INTO users SELECT i, 'n', 'eu', now() FROM generate_series(101, 110) i",
  },
  {
    id: "run-export",
    run: "run --config rivet.yaml --export users",
    code: 0,
    out: /status: +skipped/,
  },
  {
    id: "run-summary",
    run: "run -c rivet.yaml -e orders --summary-output orders_summary.json",
    code: 0,
    out:
      /── orders ──[^]*run_id: +orders_\d{8}T\d{6}\.\d{3}[^]*status: +success[^]*rows: +120[^]*files: +3[^]*bytes:[^]*duration:[^]*peak RSS:/,
    json: { file: "orders_summary.json" },
    keys: AGGREGATE,
  },
  {
    id: "run-resume-nothing",
    run: "run -c rivet.yaml -e orders --resume",
    code: 1,
    err: /--resume|resume/,
  },
  {
    id: "run-parallel-one",
    run: "run -c rivet.yaml -e all_users --parallel-exports",
    code: 0,
    out: /^── all_users ──\n( .*\n?)+$/,
  },
  {
    id: "run-parallel",
    run: "run -c rivet.yaml --parallel-exports",
    code: 0,
    out: /── orders ──/,
  },
  {
    id: "run-processes",
    run: "run -c rivet.yaml --parallel-export-processes --json",
    code: 0,
    json: "stdout",
    keys: AGGREGATE,
  },
  {
    id: "run-params",
    run: "run -c params.yaml -p region=us-east -p last=7 --json",
    code: 0,
    json: "stdout",
    keys: "total_rows",
  },
  { id: "run-param-missing", run: "run -c params.yaml -p last=7", code: 2, err: /region/ },
  {
    id: "run-failed",
    run: "run -c failing.yaml --json",
    code: 1,
    json: "stdout",
    keys: `${AGGREGATE} per_export[].error`,
  },
  { id: "run-warn", run: "run -c types.yaml", code: 0, err: /WARN .*TLS is not enforced/ },
  { id: "run-rust-log", run: "run -c types.yaml", code: 0, env: { RUST_LOG: "error" }, err: /^$/ },
  // metrics and journal
  {
    id: "metrics",
    run: "metrics -c rivet.yaml --last 10",
    code: 0,
    out: /RUN ID +STATUS +ROWS +FILES +BYTES +DURATION/,
  },
  {
    id: "metrics-export",
    run: "metrics -c rivet.yaml -e users -l 2",
    code: 0,
    out: /users_\d{8}T/,
  },
  {
    id: "metrics-json",
    run: "metrics --config rivet.yaml --export orders --json",
    code: 0,
    json: "stdout",
    keys:
      "[].export_name [].run_id [].run_at [].duration_ms [].total_rows [].peak_rss_mb [].status " +
      "[].error_message [].tuning_profile [].format [].mode [].files_produced [].bytes_written " +
      "[].retries [].validated [].schema_changed",
  },
  {
    id: "journal",
    run: "journal -c rivet.yaml -e orders",
    code: 0,
    out: /✓ orders_\d{8}T\d{6}\.\d{3} +succeeded +[\d.]+s\n +files: 3 +rows: 120 +bytes: /,
  },
  {
    id: "journal-last",
    run: "journal --config rivet.yaml --export orders -l 1",
    code: 0,
    out: /✓/,
  },
  {
    id: "journal-json",
    run: "journal -c rivet.yaml -e orders --last 1 --json",
    code: 0,
    json: "stdout",
    keys: "[].run_id [].export_name [].events[].event [].events[].at",
  },
  {
    id: "journal-run",
    run: "journal -c rivet.yaml -e orders --run-id $RUN_ID",
    code: 0,
    out: /^✓ orders_/,
  },
  // state
  {
    id: "state-show",
    run: "state show --config rivet.yaml",
    code: 0,
    out: /users +\d{4}-\d\d-\d\d/,
  },
  {
    id: "state-show-json",
    run: "state show -c rivet.yaml --json",
    code: 0,
    json: "stdout",
    keys: "cursors[].export_name cursors[].last_cursor_value cursors[].last_run_at",
  },
  {
    id: "state-files",
    run: "state files --config rivet.yaml --export orders --last 3",
    code: 0,
    out:
      /RUN ID +FILE +ROWS +BYTES +CREATED\n-+\norders_\d{8}T\d{6}\.\d{3} +orders_\d{8}_\d{6}_chunk\d\.parquet +40/,
  },
  {
    id: "state-files-json",
    run: "state files -c rivet.yaml -e orders -l 1 --json",
    code: 0,
    json: "stdout",
    keys:
      "files[].run_id files[].file_name files[].row_count files[].bytes files[].format files[].created_at",
  },
  {
    id: "state-chunks",
    run: "state chunks --config rivet.yaml --export orders",
    code: 0,
    out: /completed/,
  },
  {
    id: "state-chunks-json",
    run: "state chunks -c rivet.yaml -e orders --json",
    code: 0,
    json: "stdout",
    keys:
      "run.run_id run.status run.plan_hash chunks[].chunk_index chunks[].status chunks[].start_key " +
      "chunks[].end_key chunks[].attempts chunks[].rows_written chunks[].last_error",
  },
  // reconcile and repair
  {
    id: "reconcile",
    run: "reconcile -c rivet.yaml -e orders",
    code: 0,
    out: /match/,
  },
  {
    id: "progression",
    run: "state progression --config rivet.yaml --export orders",
    code: 0,
    out:
      /EXPORT +COMM MODE +COMMITTED +COMMITTED AT +VERI MODE +VERIFIED\n[^]*orders +chunked +chunk #2 +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC +chunked +chunk #2/,
  },
  {
    id: "progression-json",
    run: "state progression -c rivet.yaml --json",
    code: 0,
    json: "stdout",
    keys: "progression[].export_name progression[].last_committed_strategy " +
      "progression[].last_committed_chunk_index progression[].last_committed_cursor " +
      "progression[].last_verified_chunk_index",
  },
  {
    id: "reconcile-mismatch",
    run: "reconcile --config rivet.yaml --export orders --format json --output reconcile.json",
    code: 1,
    sql: "DELETE FROM orders WHERE id = 50",
    json: { file: "reconcile.json" },
    keys: RECONCILE,
  },
  {
    id: "reconcile-window",
    run: "reconcile -c rivet.yaml -e recent",
    code: 2,
    err: /chunk_by_days/,
  },
  {
    id: "reconcile-full",
    run: "reconcile -c rivet.yaml -e all_users",
    code: 2,
    err: /run --reconcile/,
  },
  {
    id: "repair-dry",
    run: "repair -c rivet.yaml -e orders --param unused=1",
    code: 0,
    out: /1 +41 +80 +mismatch/,
  },
  {
    id: "repair-report",
    run: "repair -c rivet.yaml -e orders --report reconcile.json --format json -o repair.json",
    code: 0,
    json: { file: "repair.json" },
    keys: REPAIR,
  },
  {
    id: "repair-execute",
    run: "repair --config rivet.yaml --export orders --report reconcile.json --execute",
    code: 0,
    out: /chunk 1/,
  },
  {
    id: "reconcile-again",
    run: "reconcile -c rivet.yaml -e orders -p unused=1",
    code: 0,
    out: /match/,
  },
  // validate
  { id: "validate", run: "validate -c rivet.yaml", code: 0, out: /orders/ },
  {
    id: "validate-report",
    run: "validate --config rivet.yaml --export orders --run-id $RUN_ID --output verdict.json",
    code: 0,
    json: { file: "verdict.json" },
    keys: VALIDATION,
  },
  {
    id: "validate-date",
    run: "validate -c rivet.yaml -e all_users --date 2001-02-03",
    code: 1,
    out: /2001-02-03/,
  },
  {
    id: "validate-prefix",
    run: "validate -c rivet.yaml -e users --prefix output/users --format json",
    code: 0,
    json: "stdout",
    keys: VALIDATION,
  },
  {
    id: "validate-legacy",
    run: "validate -c legacy.yaml --format json",
    code: 0,
    json: "stdout",
    keys: VALIDATION,
  },
  // what is forgotten
  {
    id: "reset-chunks",
    run: "state reset-chunks --config rivet.yaml --export orders",
    code: 0,
    out: /orders: cleared \d+ chunk checkpoint/,
  },
  {
    id: "reset-stuck",
    run: "state reset-chunks --config rivet.yaml --stuck-checkpoints",
    code: 0,
    out: /No chunk checkpoint is in progress/,
  },
  {
    id: "reset-failed",
    run: "state reset-chunks --config rivet.yaml --failed",
    code: 0,
    out: /No chunk checkpoint is in progress/,
  },
  {
    id: "state-reset",
    run: "state reset --config rivet.yaml --export users",
    code: 0,
    out: /users/,
  },
  // state in PostgreSQL
  {
    id: "state-url",
    run: "run -c rivet.yaml -e all_users --json",
    code: 0,
    env: { RIVET_STATE_URL: "$URL" },
    json: "stdout",
    keys: "total_rows",
  },
  {
    id: "state-url-read",
    run: "metrics -c rivet.yaml",
    code: 0,
    env: { RIVET_STATE_URL: "$URL" },
    out: /all_users_/,
  },
  // the rest
  { id: "completions-bash", run: "completions bash", code: 0, out: /rivet/ },
  { id: "completions-zsh", run: "completions zsh", code: 0, out: /rivet/ },
  { id: "completions-fish", run: "completions fish", code: 0, out: /rivet/ },
  { id: "completions-powershell", run: "completions powershell", code: 0, out: /rivet/ },
  {
    id: "schema",
    run: "schema config",
    code: 0,
    json: "stdout",
    keys: "$schema properties.exports",
  },
  { id: "no-plan-output", run: "run", code: 2, err: /--config/ },
];
