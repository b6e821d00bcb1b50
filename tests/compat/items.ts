/**
 * The documents of the documented tool, item by item: what of each works here, and where that is executed.
 * `docs/compatibility.md` is written from it.
 */

/** `case` ids of `cases.ts`, or `tests/...: name of a test`. */
export type Evidence = readonly string[];

export type Item =
  & { readonly item: string }
  & (
    | { readonly status: "works"; readonly by: Evidence }
    /** @member by executed evidence of what does work, where there is. */
    | { readonly status: "differs"; readonly why: string; readonly by: Evidence }
    | { readonly status: "not offered"; readonly why: string; readonly by: Evidence }
  );

export interface Section {
  readonly document: string;
  readonly title: string;
  readonly items: readonly Item[];
}

const works = (item: string, ...by: string[]): Item => ({ item, status: "works", by });
const differs = (item: string, why: string, ...by: string[]): Item => ({
  item,
  status: "differs",
  why,
  by,
});
const absent = (item: string, why: string): Item => ({ item, status: "not offered", why, by: [] });

const CLI = "Command reference (0.9)";
const PILOT = "Pilot walkthrough (0.16)";
const CHECKLIST = "Production checklist (0.7)";
const README = "Readme (0.2)";

const PROCESSES = "tests/live/processes/processes_test.ts";
const LOAD_PLANS = "tests/unit/core/apply/load_plans_test.ts";
const PLAN_TEST = "tests/live/plan/plan_test.ts";
const REPAIR_TEST = "tests/live/repair/repair_test.ts";
const MANIFEST_TEST = "tests/live/manifest_test.ts";
const VALIDATE_TEST = "tests/unit/core/validate/validate_test.ts";
const DOCTOR_TEST = "tests/live/doctor/doctor_test.ts";
const PLAN_RENDER = "tests/unit/cli/render/plan_test.ts";
const PILOT_TEST = "tests/live/pilot_test.ts: the pilot walkthrough, step by step";
const YAML_TEST =
  "tests/unit/core/config/load_test.ts: every YAML of the reference documents is accepted as it is";
const SECRETS =
  "tests/live/secrets_test.ts: PA9: no password in any artifact, log, report, journal row, state or error";
const QUICK_START =
  "tests/live/run/reference_test.ts: the Quick Start config runs as documented, and goes on where it left off";
const CHECK_TEST =
  "tests/live/check/check_test.ts: check: strategies, scans, verdicts and advice of every mode";
const MODES =
  "tests/live/run/modes_test.ts: modes: the union of the files is the table, whatever its keys";
const CRASH =
  "tests/crash/crash_test.ts: crash: SIGKILL around every write loses no row and leaves nothing partial";
const TUNING =
  "tests/unit/core/config/tuning_test.ts: profiles have the numbers of the readme's table";

const RETRIER_LASTING =
  "tests/unit/core/access/retrier_test.ts: retry: a passing failure is tried again, a lasting one is not";

export const SECTIONS: readonly Section[] = [
  {
    document: CLI,
    title: "Global",
    items: [
      works("`rivet [--json-errors] [COMMAND] [OPTIONS]`", "json-errors-before"),
      works("`rivet --version`", "version"),
      works("`rivet --help`", "help"),
      works('`--json-errors`: errors as `{"error": ...}` on stderr', "json-errors-before"),
      works("`--json-errors` in any position", "json-errors-after"),
      works(
        "`rivet help [COMMAND]`",
        "tests/unit/cli/spellings_test.ts: rivet help shows what --help does",
      ),
      works("Exit code 0: all exports succeeded", "run-all"),
      works("Exit code 1: one or more exports failed", "run-failed"),
      works("Exit code 2: configuration error", "json-errors-after", "run-param-missing"),
    ],
  },
  {
    document: CLI,
    title: "rivet run",
    items: [
      works("`--config`, `-c` PATH, required", "run-all", "run-export", "no-plan-output"),
      works("`--export`, `-e` NAME", "run-export", "run-summary"),
      works("`--validate`", "run-all"),
      works("`--reconcile`: COUNT(*) against the exported rows", "run-all"),
      works("`--resume` without a checkpoint: non-zero, says what to do", "run-resume-nothing"),
      works("`--resume` continues an interrupted chunked export", CRASH),
      works(
        "`--force` past `_SUCCESS` with `--resume` (M8)",
        `${MANIFEST_TEST}: M8: --resume of a complete run is refused; --force makes good what is gone`,
      ),
      works("`--parallel-exports`", "run-parallel"),
      works(
        "`--parallel-exports` is ignored with `--export`",
        "run-parallel-one",
      ),
      works("`--parallel-export-processes`", "run-processes"),
      works("`--summary-output PATH`", "run-summary"),
      works("`--json`: the aggregate on stdout", "run-all"),
      works("`--json` together with `--summary-output`", "run-all"),
      works("`--param`, `-p` KEY=VALUE, repeatable", "run-params"),
      works("`${key}` in queries is replaced", "run-params"),
      works("`rivet run -c my_export.yaml`", "run-parallel"),
      works("`rivet run -c my_export.yaml --validate --reconcile`", "run-all"),
      works("`rivet run -c my_export.yaml -e orders_daily`", "run-export"),
      works("`rivet run -c my_export.yaml -e big_table --resume`", "run-resume-nothing"),
      works("`rivet run -c my_export.yaml -p region=us-east -p year=2026`", "run-params"),
      works("`rivet run -c my_export.yaml --parallel-exports`", "run-parallel"),
      works("`rivet run -c my_export.yaml --parallel-export-processes`", "run-processes"),
      works(
        "Processes: one card per export with bar, rows, elapsed time, ETA",
        "tests/unit/cli/render/cards_test.ts: a running export is a card",
      ),
      works(
        "Processes: a finished card holds the final metrics in place",
        "tests/unit/cli/render/cards_test.ts: a finished card stands where the running one stood, until all are done",
      ),
      works(
        "Processes: one `Run summary` for the whole run",
        `${PROCESSES}: every export runs in a process of its own, and is summed up once`,
      ),
      works(
        "Children print NDJSON events with `RIVET_IPC_EVENTS=1`",
        `${PROCESSES}: RIVET_IPC_EVENTS=1 prints events and nothing else`,
      ),
      works(
        "A child that dies without `Finished` is shown as failed",
        `${PROCESSES}: a killed child is failed, the others finish, and --resume continues it`,
      ),
      works("Summary block: run_id, status, rows, files, bytes, duration, peak RSS", "run-summary"),
      works("Aggregate JSON: totals and `per_export[]`", "run-all", "run-processes"),
    ],
  },
  {
    document: CLI,
    title: "rivet plan",
    items: [
      works("`--config`, `-c`", "plan", "plan-json"),
      works("`--export`, `-e`; all without it", "plan", "plan-campaign"),
      works("`--param`, `-p`", "plan-param"),
      works("`--output`, `-o`", "plan-json", "plan-users"),
      works("`--format pretty|json`, pretty by default", "plan", "plan-stdout"),
      works("`rivet plan -c rivet.yaml`", "plan-campaign"),
      works("`rivet plan -c rivet.yaml --format json --output plan.json`", "plan-json"),
      works("`rivet plan -c rivet.yaml -e orders --format json -o orders_plan.json`", "plan-users"),
      works(
        "No data is exported",
        `${PLAN_TEST}: the artifact has the documented fields, and nothing is exported`,
      ),
      works(
        "Pretty: Plan ID, Created, Expires, Export, Strategy, Chunks, Row est., Verdict, Profile",
        "plan",
      ),
      works("Pretty: Resources with batch size, batch memory, RSS guard", "plan"),
      works(
        "Pretty: Throttle, omitted when 0",
        `${PLAN_RENDER}: resources: adaptive batches, no guard, no throttle, and the hint for wide rows`,
      ),
      works(
        "Pretty: `adaptive` batch size with `batch_size_memory_mb`",
        `${PLAN_RENDER}: resources: adaptive batches, no guard, no throttle, and the hint for wide rows`,
      ),
      works(
        "Pretty: hint about wide tables above 128 MB a batch",
        `${PLAN_RENDER}: resources: adaptive batches, no guard, no throttle, and the hint for wide rows`,
      ),
      works("Pretty: Output and Format", "plan"),
      works("Pretty: Warnings", `${PLAN_RENDER}: a plan as the reference shows it`),
      works(
        "Memory estimate of 200 B to 10 KB a row",
        `${PLAN_RENDER}: a plan as the reference shows it`,
      ),
      works(
        "Artifact: `rivet_version`, `plan_id`, `created_at`, `expires_at`, `export_name`, `strategy`, `plan_fingerprint`",
        "plan-json",
      ),
      works("Artifact: `resolved_plan`", "plan-json"),
      works(
        "Artifact: `computed.chunk_ranges`, `chunk_count`, `cursor_snapshot`, `row_estimate`",
        "plan-json",
        "plan-stdout",
      ),
      works("Artifact: `diagnostics.verdict`, `warnings`, `recommended_profile`", "plan-json"),
      works("Artifact: `prioritization.export_recommendation`", "plan-json"),
      differs(
        "`resolved_plan` embeds credentials",
        "it never does (PA9): references to variables and files are kept, passwords are not",
        SECRETS,
      ),
      absent("`plan --sample N`", "announced in the document as a plan of that tool"),
    ],
  },
  {
    document: CLI,
    title: "rivet apply",
    items: [
      works("`PLAN_FILE`", "apply"),
      works("`--force`", "apply-force"),
      works(
        "Younger than 1 hour: silent",
        `${LOAD_PLANS}: PA3: silent below an hour, a WARN up to 24, then refused without --force`,
      ),
      works(
        "1 to 24 hours: a warning",
        `${LOAD_PLANS}: PA3: silent below an hour, a WARN up to 24, then refused without --force`,
      ),
      works(
        "Older than 24 hours: refused without `--force`",
        `${LOAD_PLANS}: PA3: silent below an hour, a WARN up to 24, then refused without --force`,
      ),
      works("A cursor that moved since is refused", "apply-users", "apply-drift"),
      works("`rivet apply plan.json`", "apply"),
      works("`rivet apply plan.json --force`", "apply-force"),
      works(
        "Does not read the config file, nor run preflight, nor compute chunks",
        `${PLAN_TEST}: PA1: apply runs the sealed chunks, without the configuration and without MIN and MAX`,
      ),
      works("Verdicts do not stop it", `${LOAD_PLANS}: PA8: a verdict is advice`),
      differs(
        "State is beside the plan file",
        "it is found through the plan's `config_path`, else beside the plan with a WARN (PA7, later documents)",
        `${LOAD_PLANS}: PA7: state is beside the configuration, else beside the plan with a WARN`,
      ),
    ],
  },
  {
    document: CLI,
    title: "rivet validate",
    items: [
      works("`--config`, `-c`", "validate", "validate-report"),
      works("`--export`, `-e`", "validate-report"),
      works("`--format`", "validate-prefix"),
      works("`--output`, `-o`: the report as JSON", "validate-report"),
      works("`--date YYYY-MM-DD`", "validate-date"),
      works("`--run-id`", "validate-report"),
      works("`--prefix`", "validate-prefix"),
      works(
        "Missing part or other size: non-zero",
        `${VALIDATE_TEST}: M5: a missing part fails and is named`,
      ),
      works("Without a manifest: `legacy_run: true`", "validate-legacy"),
      works("The source is not asked", `${VALIDATE_TEST}: M5: a complete run passes`),
      works(
        "`{date}` is today's without `--date`",
        `${VALIDATE_TEST}: the folder is today's, the date's, the run's or the one that is named`,
      ),
      works("`rivet validate -c my_export.yaml`", "validate"),
      works("`rivet validate -c my_export.yaml --run-id ID -o verdict.json`", "validate-report"),
    ],
  },
  {
    document: CLI,
    title: "rivet reconcile",
    items: [
      works("`--config`, `-c`", "reconcile", "reconcile-mismatch"),
      works("`--export`, `-e`, required", "reconcile"),
      works("`--format pretty|json`", "reconcile", "reconcile-mismatch"),
      works("`--output`, `-o`", "reconcile-mismatch"),
      works(
        "`--param`, `-p`",
        "reconcile-again",
      ),
      works("Chunked exports with `chunk_checkpoint: true`", "reconcile"),
      works("Time window: an error that names `chunk_by_days`", "reconcile-window"),
      works("Snapshot: an error that names `run --reconcile`", "reconcile-full"),
      works(
        "The chunk query is the one of the export (RC2)",
        `${REPAIR_TEST}: RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified`,
      ),
      works("`match`", "reconcile"),
      works("`mismatch`, with the difference", "reconcile-mismatch"),
      works(
        "`unknown`",
        `${REPAIR_TEST}: an unfinished run: open chunks are unknown, planned, and left to --resume`,
      ),
      works("`rivet reconcile -c my_export.yaml -e orders`", "reconcile"),
      works(
        "`rivet reconcile -c my_export.yaml -e orders --format json -o reconcile.json`",
        "reconcile-mismatch",
      ),
      works("Reports are advice: nothing is exported", "reconcile-mismatch", "repair-dry"),
      works("Report JSON (RC5)", "reconcile-mismatch"),
    ],
  },
  {
    document: CLI,
    title: "rivet repair",
    items: [
      works("`--config`, `-c`", "repair-dry", "repair-execute"),
      works("`--export`, `-e`, chunked, required", "repair-dry"),
      works("`--report PATH`", "repair-report"),
      works("Without `--report` it reconciles by itself", "repair-dry"),
      works("`--execute`; without it nothing is done (RR2)", "repair-dry", "repair-execute"),
      works("`--format pretty|json`", "repair-report"),
      works("`--output`, `-o`", "repair-report"),
      works(
        "`--param`, `-p`",
        "repair-dry",
      ),
      works("`rivet repair -c my_export.yaml -e orders`", "repair-dry"),
      works("`rivet repair ... --report reconcile.json`", "repair-report"),
      works("`rivet repair ... --report reconcile.json --execute`", "repair-execute"),
      works(
        "Only the flagged chunks, in the shape of the export (RR3)",
        `${REPAIR_TEST}: RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified`,
      ),
      differs(
        "Files are named `<export>_<ts>_chunk<idx>.<ext>` (RR5)",
        "a random suffix is added, so that a repair can never overwrite",
        `${REPAIR_TEST}: RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified`,
      ),
      works(
        "`last_committed_*` stays (RR4)",
        `${REPAIR_TEST}: RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified`,
      ),
      works("A clean reconcile afterwards moves `last_verified_*`", "reconcile-again"),
      works("Plan JSON (RR1)", "repair-report"),
    ],
  },
  {
    document: CLI,
    title: "rivet check",
    items: [
      works("`--config`, `-c`", "check", "check-export"),
      works("`--export`, `-e`", "check-export"),
      works("`--param`, `-p`", "check-param"),
      works("`--type-report`", "type-report"),
      works("`--strict`", "type-report-strict"),
      works("`--json`: one line per export", "type-report-json"),
      works("`--target bigquery`", "type-report-target"),
      works("`rivet check -c my_export.yaml`", "check"),
      works("`rivet check ... --type-report`", "type-report"),
      works("`rivet check ... --type-report --target bigquery`", "type-report-target"),
      works("`rivet check ... --type-report --json`", "type-report-json"),
      works("`rivet check ... --type-report --strict` exits 1", "type-report-strict"),
      works(
        "Columns: Column, Source type, Rivet type, Arrow type, Fidelity, Target type, Status",
        "type-report-target",
      ),
      works(
        "Source types by the server's names: `int4`, `numeric(15,4)`, `timestamptz`, `jsonb`, `text[]`",
        "type-report",
      ),
      differs(
        "Rivet type `int4`",
        "integers and floats are named by their bits (`int32`), as `columns:` names them; `int2` and `int4` are read there too",
        "type-report",
      ),
      works("Rivet types `decimal(15,4)`, `timestamp_tz`, `json`, `list<text>`", "type-report"),
      works(
        "Arrow types `Int32`, `Decimal128(15, 4)`, `Timestamp(us, UTC)`, `Utf8`, `List(Utf8)`",
        "type-report",
      ),
      works("Fidelity `exact`, `logical_string`", "type-report"),
      works(
        "Fidelity `compatible`, `lossy`, `unsupported`",
        "tests/live/check/check_test.ts: check: the type report lists what cannot be read, and --strict fails on it",
      ),
      differs(
        "An unsupported column is skipped",
        "the run refuses it and says what to write in `columns:` or the query: nothing is left out in silence",
        "type-report-strict",
      ),
      works("Row estimate, index analysis, recommended tuning", "check"),
    ],
  },
  {
    document: CLI,
    title: "rivet doctor",
    items: [
      works("`--config`, `-c`", "doctor", "doctor-json"),
      works("`rivet doctor: verifying auth for config '...'`", "doctor"),
      works("`[OK]  Config parsed successfully`", "doctor"),
      works("`[OK]  Source auth (Postgres)`", "doctor"),
      works("`[OK]  Destination Local(...)`", "doctor"),
      works("`All checks passed.`", "doctor"),
      works("`[WARN]` about plaintext when `tls:` is omitted", "doctor-plaintext"),
      works("`tls: {mode: disable}` silences it", "doctor"),
      works("A check that fails: `[FAIL]` with its category, exit code 1", "doctor-refused"),
      works("JSON: `all_ok`, `checks[].ok`", "doctor-json"),
    ],
  },
  {
    document: CLI,
    title: "rivet init",
    items: [
      works("`--source URL`", "init-stdout"),
      works("`--source-env VAR`", "init-table"),
      works("`--source-file PATH`", "init-file"),
      works("Exactly one of the three", "init-two-sources", "init-no-source"),
      works("`--table NAME`, `schema.table`", "init-table", "init-stdout"),
      works("`--schema NAME`", "init-schema"),
      works("Without `--table`: every table and view", "init-schema", "check-scaffold"),
      works(
        "`--schema` for MySQL, also without a database in the URL",
        "tests/live/mysql/discover_test.ts: a URL without a database",
      ),
      works("`--output`, `-o`; stdout without it", "init-schema", "init-stdout"),
      works("`--discover`", "init-discover"),
      works("`meta_columns` (`exported_at`, `row_hash`) are on in scaffolds", "init-stdout"),
      works("`chunk_checkpoint: true` where the mode is chunked", "init-chunked"),
      works(
        "Discovery JSON: ranked candidates, row estimates, sizes, coalesce hints",
        "init-discover",
        "tests/live/init/postgres_test.ts: the discovery artifact has the documented fields",
      ),
      works("`rivet init --source-env DATABASE_URL --table orders -o rivet.yaml`", "init-table"),
      works(
        "`rivet init --source-env DATABASE_URL --schema public -o all_public.yaml`",
        "init-schema",
      ),
      works("`rivet init --source-file /run/secrets/mysql_url -o all_mydb.yaml`", "init-file"),
      works("`rivet init ... --schema public --discover -o discovery.json`", "init-discover"),
    ],
  },
  {
    document: CLI,
    title: "rivet metrics",
    items: [
      works("`--config`, `-c`", "metrics", "metrics-json"),
      works("`--export`, `-e`", "metrics-export"),
      works(
        "`--last`, `-l`, 20",
        "metrics",
        "metrics-export",
        "tests/unit/cli/parse_test.ts: state and metrics take their flags and defaults",
      ),
      works("`rivet metrics -c my_export.yaml --last 10`", "metrics"),
      works("`rivet metrics -c my_export.yaml -e orders_daily`", "metrics-export"),
      works("JSON: a bare array with the documented names", "metrics-json"),
      works("`peak_rss` of a run", "metrics-json"),
      works(
        "`rivet state metrics` is said to be `rivet metrics`",
        "tests/unit/cli/parse_test.ts: a command that stands elsewhere is said in words",
      ),
    ],
  },
  {
    document: CLI,
    title: "rivet journal",
    items: [
      works("`--config`, `-c`", "journal", "journal-last"),
      works("`--export`, `-e`, required", "journal"),
      works("`--last`, `-l`, 5", "journal-last", "journal-json"),
      works("`--run-id`", "journal-run"),
      works("`rivet journal -c my_export.yaml -e orders`", "journal"),
      works("`rivet journal -c my_export.yaml -e orders --last 10`", "journal-json"),
      works("`rivet journal ... --run-id orders_20260513T120000.123`", "journal-run"),
      works("`✓ run_id  succeeded  12.3s`, then files, rows, bytes", "journal"),
      works(
        "`✗` failed, `•` unknown",
        "tests/unit/cli/journal_test.ts: journal: a run that never finished is neither success nor failure",
      ),
      works(
        "Retries, quality issues, schema changes, the error",
        "tests/unit/cli/journal_test.ts: journal: retries, schema changes and the whole error are appended",
      ),
      works("JSON: a bare array", "journal-json"),
    ],
  },
  {
    document: CLI,
    title: "rivet state",
    items: [
      works("`state show --config`", "state-show"),
      works("`state show --json`", "state-show-json"),
      works("`state reset --config --export`", "state-reset"),
      works("`state files --config [--export] [--last]`", "state-files"),
      works(
        "`state files`: `-e`, `-l`, 50",
        "state-files-json",
        "tests/unit/cli/parse_test.ts: state and metrics take their flags and defaults",
      ),
      works("`state chunks --config --export`", "state-chunks", "state-chunks-json"),
      works("`state reset-chunks --config --export`", "reset-chunks"),
      works("`state reset-chunks --stuck-checkpoints`", "reset-stuck"),
      works("`state reset-chunks --failed`", "reset-failed"),
      works(
        "Finished runs are skipped, names that left the config are noted",
        "tests/unit/cli/state_test.ts: --stuck-checkpoints clears runs in progress and skips what left the config",
      ),
      works("`state progression --config [--export]`", "progression"),
      works("`state progression --json`", "progression-json"),
      works("COMM MODE, COMMITTED, COMMITTED AT", "progression"),
      works(
        "VERI MODE, VERIFIED: moved by a clean reconcile only",
        "progression",
        `${REPAIR_TEST}: PG5: a dirty report leaves verified where it was`,
      ),
      works(
        "Progression gates nothing (PG7)",
        `${REPAIR_TEST}: PG7: the progression is advice: nothing that reads it minds what it says`,
      ),
      works(
        "The state that the documented tool wrote",
        "tests/compat/import_test.ts: state import: PostgreSQL, from a variable that holds its URL",
      ),
    ],
  },
  {
    document: CLI,
    title: "rivet completions, rivet schema",
    items: [
      works("`rivet completions bash`", "completions-bash"),
      works("`rivet completions zsh`", "completions-zsh"),
      works("`rivet completions fish`", "completions-fish"),
      works("`rivet completions powershell`", "completions-powershell"),
      works("`rivet schema config`: JSON Schema on stdout", "schema"),
      works(
        "The schema matches the accepted configuration",
        "tests/unit/core/config/schema_test.ts: JSON Schema comes from the same definition, and every field is described",
      ),
    ],
  },
  {
    document: CLI,
    title: "State backend and environment",
    items: [
      works("`.rivet_state.db` beside the config", "run-all"),
      works("`RIVET_STATE_URL` selects PostgreSQL", "state-url", "state-url-read"),
      works("Tables are created on first connect", "state-url"),
      differs(
        "The same schema versions as that tool's",
        "the tables have another layout under the same names; `rivet state import` takes a state over",
        "tests/compat/import_test.ts: state import: PostgreSQL, from a variable that holds its URL",
      ),
      works("Passwords are redacted: `postgresql://user:***@host/db`", SECRETS),
      works(
        "A WARN without TLS to another host",
        "tests/unit/state/postgres_url_test.ts: opening warns once about plain text, and says what an unreachable server is",
      ),
      works(
        "`?sslmode=require`",
        "tests/unit/state/postgres_url_test.ts: a URL is read as libpq reads it",
      ),
      works("The URL is in no plan and no config", SECRETS),
      differs(
        "A `RIVET_STATE_URL` that does not start with `postgres` is ignored",
        "it is an error: a file in its place would be forgotten with its container",
        "tests/unit/state/postgres_url_test.ts: a URL that cannot be used is refused without repeating it",
      ),
      works("`RUST_LOG`", "run-rust-log", "run-warn"),
      works("`DATABASE_URL` with `url_env`", "run-all"),
      absent(
        "Docker Compose service `postgres-state`",
        "`compose.yaml` starts a source to try things on; any PostgreSQL serves as state",
      ),
    ],
  },
  {
    document: PILOT,
    title: "Steps",
    items: [
      works("TLS: `verify-full` with `ca_file`", "tests/live/postgres/tls_test.ts: postgres: TLS"),
      works(
        "`tls:` without a mode is `verify-full`; none is plaintext and a WARN",
        "doctor-plaintext",
      ),
      works("1: `init --schema public -o pilot.yaml`", PILOT_TEST),
      works("1: `init ... --discover -o discovery.json`", "init-discover"),
      works(
        "1: `jq '.tables[] | {table, suggested_mode, best_cursor, coalesce_fallback, notes}'`",
        "init-discover",
      ),
      works("2: the pilot's configuration", YAML_TEST),
      works("2: `check`, `doctor`", PILOT_TEST),
      works("3: `plan`: Priority, Campaign, waves", "plan-campaign"),
      works("3: `plan --format json -o plan.json`", "plan-json"),
      works(
        "3: `wave:` and `parallel_safe:` are written back, every other byte stays",
        "tests/unit/core/artifact/annotate_test.ts: write-back: taking out what was written gives the original bytes",
      ),
      works("4: `run --validate`", "run-all"),
      works("4: `apply pilot.yaml`, by wave", "apply-config"),
      works(
        "4: `apply pilot.yaml --parallel-export-processes`",
        "tests/unit/core/apply/waves_test.ts: parallel_safe exports of a wave run together, the others alone, waves apart",
      ),
      works("4: a failed export blocks no other; the exit code says so", PILOT_TEST),
      works("4: `apply plan.json`", "apply"),
      works("5: `state progression`", "progression"),
      works("6: `reconcile`; a clean one moves the verified boundary", "reconcile", "progression"),
      works("7: `repair`, dry and `--execute`", "repair-dry", "repair-execute"),
      works("8: `reconcile` again", "reconcile-again"),
      works(
        "9: the cron script's `jq -e '.summary.mismatches == 0 and .summary.unknown == 0'`",
        "reconcile-mismatch",
      ),
    ],
  },
  {
    document: PILOT,
    title: "Contracts",
    items: [
      works(
        "PA3: a stale plan",
        `${LOAD_PLANS}: PA3: silent below an hour, a WARN up to 24, then refused without --force`,
      ),
      works(
        "PA4: a moved cursor",
        "apply-drift",
        `${PLAN_TEST}: PA4: a moved cursor is refused with both values; --force reads again and is recorded`,
      ),
      works("PA5: monotonic ranges", `${LOAD_PLANS}: PA5: ranges are checked again on load`),
      works(
        "PG3, RR4: no regress of the cursor",
        `${REPAIR_TEST}: RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified`,
      ),
      works(
        "CC5: the synthetic cursor is in no file",
        "tests/live/incremental/cursor_types_test.ts: coalesced cursors of two types: each row comes once",
      ),
      works("I1 to I4: write, manifest, cursor, metric", CRASH),
      works(
        "RC5, PG5: reconcile writes nothing but the verified boundary",
        `${REPAIR_TEST}: PG5: a dirty report leaves verified where it was`,
      ),
      works(
        "RR5: no file is deleted",
        `${REPAIR_TEST}: RC2, RC3, RC6, RR1 to RR5, PG2, PG5: drift is found, repaired, verified`,
      ),
    ],
  },
  {
    document: CHECKLIST,
    title: "Before production",
    items: [
      works(
        "A user that may only SELECT",
        "tests/live/postgres/session_test.ts: no text of a query writes: run, check, plan",
      ),
      works("`url_env`, `password_env`", "run-all", YAML_TEST),
      works(
        "Transaction pooler of PostgreSQL: one WARN, the run goes on",
        "tests/live/postgres/pooler_test.ts: pooler: exports through pgbouncer in transaction mode",
      ),
      works(
        "Poolers and proxies of MySQL: one WARN",
        "tests/unit/adapters/sources/mysql/pooler_test.ts: proxy: only a direct connection has nothing to warn of",
      ),
      works("`doctor`, `check` pass", "doctor", "check"),
      works("Profiles `safe`, `balanced`, `fast`", TUNING),
      works("`batch_size`, `statement_timeout_s`, `lock_timeout_s`, `throttle_ms`", TUNING),
      works("Modes `full`, `incremental`, `chunked`, `time_window`", MODES),
      works("`skip_empty: true`", "run-export"),
      works(
        "`max_file_size`",
        "tests/live/run/split_test.ts: max_file_size: parts stay near it, and together are the table",
      ),
      works(
        "Buckets are not created: `bucket not found`",
        `${DOCTOR_TEST}: doctor: every failure is found, in its category`,
      ),
      works("`--validate`, `--reconcile`", "run-all"),
      works(
        "`row_count_min`, `null_ratio_max`",
        "tests/live/stages_test.ts: a gate finds what spans chunks and workers, and nothing is taken back",
      ),
      works(
        "`notifications.slack.on: [failure, degraded]`",
        "tests/live/notify_test.ts: one message per failed export of a run; exports that succeed send none",
      ),
      works("`metrics` for trends", "metrics"),
      works("Exit codes for schedulers", "run-failed"),
      works(
        "Plan, review, apply",
        "tests/live/apply/apply_test.ts: plan, then apply: the pilot's steps 3 and 4",
      ),
      works("Passwords are stripped from plans (PA9)", SECRETS),
      works("`parallel: N` opens N connections", MODES),
      absent("`--features jemalloc`", "an allocator of that tool's build"),
    ],
  },
  {
    document: README,
    title: "Configuration",
    items: [
      works("Quick Start", QUICK_START),
      works("Every YAML block of the documents", YAML_TEST),
      works("`url`, `url_env`, `url_file`, exactly one", YAML_TEST),
      works(
        "Structured credentials, never beside a URL",
        "tests/unit/core/config/load_test.ts: every bad fixture has its golden problems",
      ),
      works("Profile numbers", TUNING),
      works(
        "Single fields override the profile",
        "tests/unit/core/config/tuning_test.ts: the export's block overrides the source's field by field",
      ),
      works(
        "`meta_columns`: `_rivet_exported_at`, `_rivet_row_hash`",
        "tests/live/stages_test.ts: added columns are the same however the rows are read",
      ),
      works(
        "`compression`: zstd, snappy, gzip, lz4, none, and `compression_level`",
        "tests/live/run/types_test.ts: every type, every codec: three readers see what the server prints",
      ),
      works("`skip_empty`: no file, cursor unmoved, `skipped`", "run-export"),
      works("Destinations: local", "run-all"),
      works(
        "Destinations: stdout, one export",
        "tests/unit/cli/run_test.ts: a stdout destination has stdout to itself",
      ),
      works("Destinations: S3", "tests/live/destinations/s3_conformance_test.ts: s3 destination"),
      works(
        "Destinations: GCS",
        "tests/live/destinations/gcs_conformance_test.ts: gcs destination",
      ),
      works(
        "Credential order, never merged",
        "tests/live/run/credentials_test.ts: credentials: what a later export lacks is found before the source is asked",
      ),
      works(
        "One of `access_key_env`, `secret_key_env` alone is refused",
        "tests/unit/core/config/load_test.ts: every bad fixture has its golden problems",
      ),
      works(
        "Categories of doctor: auth, connectivity, bucket not found",
        `${DOCTOR_TEST}: doctor: every failure is found, in its category`,
      ),
      works("Strategy names of check", CHECK_TEST),
      works("Profile recommendation, warnings, verdicts", CHECK_TEST),
      works("Incremental: the stored cursor, then only newer rows", QUICK_START),
      works("Server-side cursors, throttle between batches", MODES),
      works(
        "Summary fields, `validated`, `schema`, `error`",
        "tests/unit/cli/render/summary_test.ts: the block of a validated run is the documented one",
      ),
      differs(
        "Table `file_manifest`",
        "it is `file_log`, as in the later documents; `state files` lists it",
        "state-files",
      ),
      works(
        "A schema that changed is told",
        "tests/live/notify_test.ts: a changed schema is told, once",
      ),
      works(
        "A failed quality check fails the run, the cursor stays",
        "tests/live/stages_test.ts: a failed gate leaves the incremental cursor where it was",
      ),
      works("Delivery is at least once; no row is skipped", CRASH),
      works("`rivet state files`", "state-files"),
      absent(
        "Homebrew tap",
        "executables, an image and npm's Deno are the ways to install ([install.md](install.md))",
      ),
    ],
  },
  {
    document: README,
    title: "Semantics and types",
    items: [
      works("The cursor moves after the upload only; a failed export is run again safely", CRASH),
      works("Retries: network and disconnects, with a new connection", RETRIER_LASTING),
      works(
        "Retries: capacity waits 15 s more, a deadlock 1 s",
        "tests/unit/core/access/retrier_test.ts: retry: capacity waits 15 s more and a deadlock 1 s, whatever chance says",
      ),
      works("No retry: permissions, permanent errors", RETRIER_LASTING),
      works(
        "Errors of PostgreSQL by SQLSTATE, else by message",
        "tests/unit/adapters/sources/postgres/errors_test.ts: errors: by message only when no code says it; unknown is permanent",
      ),
      works(
        "Errors of MySQL by number",
        "tests/unit/adapters/sources/mysql/errors_test.ts: errors: by number, whatever the message says",
      ),
      differs(
        "Backoff `retry_backoff_ms * 2^(attempt-1)`",
        "it is the upper limit of a random wait, and ends at `retry_max_backoff_ms`: many readers do not come back at once",
        "tests/unit/core/access/retrier_test.ts: retry: waits are spread below a limit that doubles up to the cap",
      ),
      differs(
        "A statement timeout is tried again",
        "one that ran into its own `statement_timeout_s` is permanent: it would again (later documents)",
        "tests/unit/adapters/sources/postgres/errors_test.ts: errors: a cancelled statement says by whom",
      ),
      differs(
        "`--validate` compares row counts before the upload alone",
        "it also compares the destination with the manifest (later documents)",
        `${VALIDATE_TEST}: M5: a complete run passes`,
      ),
      works("Types of PostgreSQL", "tests/live/postgres/types_test.ts: postgres: types"),
      works("Types of MySQL", "tests/live/mysql/types_test.ts: mysql: types"),
      differs(
        "`NUMERIC` and `DECIMAL` as text",
        "exact decimals (later documents); `columns: {name: text}` gives the text",
        "type-report",
      ),
      differs(
        "`UUID` as text",
        "UUID, as in the later documents; `columns: {name: text}` gives the text",
        "tests/live/postgres/types_test.ts: postgres: types",
      ),
      differs(
        "No snapshot across exports",
        "`consistency: run_snapshot` gives one where the engine can",
        "tests/live/snapshot/snapshot_test.ts: run_snapshot: what moves between two exports is in exactly one of them",
      ),
      works("No change data capture, no loading, no scheduler", "help"),
      absent(
        "The seed tool and its flags",
        "`deno task demo` fills an embedded PostgreSQL instead",
      ),
    ],
  },
];
