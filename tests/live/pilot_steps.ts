/**
 * The pilot walkthrough (docs, version 0.16) as data: its nine steps, every command line as the page
 * prints it. Paths that a test must not write to are the only thing that is replaced.
 */

export interface PilotStep {
  readonly name: string;
  readonly commands: readonly string[];
}

/** Where Step 2 puts it in the file that Step 1 wrote. */
export const PILOT_YAML = new URL(
  "../../fixtures/config/reference-pilot-walkthrough-0.16-02.yaml",
  import.meta.url,
);

export const DISCOVER = [
  "rivet init --source-env DATABASE_URL --schema public -o pilot.yaml",
  "rivet init --source-env DATABASE_URL --schema public --discover -o discovery.json",
];

export const INSPECT_DISCOVERY =
  `jq '.tables[] | {table, suggested_mode, best_cursor: (.cursor_candidates[0].column // null),
                 coalesce_fallback: .suggested_cursor_fallback_column, notes}' discovery.json`;

export const CHECK = ["rivet check -c pilot.yaml", "rivet doctor -c pilot.yaml"];

export const PLAN = "rivet plan -c pilot.yaml";
export const PLAN_JSON = "rivet plan -c pilot.yaml --format json -o plan.json";

export const RUN = "rivet run -c pilot.yaml --validate";
export const APPLY_CONFIG =
  "rivet apply pilot.yaml                          # wave-ordered, sequential";
export const APPLY_PROCESSES =
  "rivet apply pilot.yaml --parallel-export-processes   # + within-wave parallelism for cheap exports";
export const APPLY_PLAN = "rivet apply plan.json";

export const PROGRESSION = "rivet state progression -c pilot.yaml";

export const RECONCILE = "rivet reconcile -c pilot.yaml -e orders";
export const RECONCILE_JSON =
  "rivet reconcile -c pilot.yaml -e orders --format json -o reconcile.json";

export const REPAIR_DRY = "rivet repair -c pilot.yaml -e orders --report reconcile.json";
export const REPAIR = "rivet repair -c pilot.yaml -e orders --report reconcile.json --execute";

/** Step 9. Its folders and its URL are the test's. */
export const CRON = `#!/usr/bin/env bash
set -euo pipefail
cd /opt/rivet && export DATABASE_URL='…'

rivet run       -c pilot.yaml --validate
rivet reconcile -c pilot.yaml -e orders --format json -o /var/log/rivet/reconcile-$(date +%F).json

# Fail the job if reconcile is not clean (zero mismatches AND zero unknowns).
if ! jq -e '.summary.mismatches == 0 and .summary.unknown == 0' \\
      /var/log/rivet/reconcile-$(date +%F).json > /dev/null; then
  echo "reconcile dirty — see report"
  exit 1
fi
`;

/** The tables of the prerequisites, in the shape of the demo's; ids leave room for rows to be added. */
export const TABLES = `
  CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL, product text NOT NULL,
    price numeric NOT NULL, quantity integer NOT NULL, status text NOT NULL, note text,
    created_at timestamptz NOT NULL, updated_at timestamptz NOT NULL);
  INSERT INTO orders SELECT i * 100, i % 500, 'product ' || i % 180, (i % 100000) / 100.0, i % 9,
    CASE i % 4 WHEN 0 THEN 'new' ELSE 'shipped' END, NULLIF('note ' || i % 3, 'note 0'),
    timestamptz '2025-02-01 00:00+00' + i * interval '97 seconds',
    timestamptz '2025-03-01 00:00+00' + i * interval '97.000007 seconds'
    FROM generate_series(1, 10000) i;
  CREATE TABLE orders_coalesce (id bigint PRIMARY KEY, product text NOT NULL, price numeric NOT NULL,
    updated_at timestamptz, created_at timestamptz NOT NULL);
  INSERT INTO orders_coalesce SELECT i, 'product ' || i % 180, (i % 100000) / 100.0,
    CASE WHEN i % 3 = 0 THEN timestamptz '2025-03-01 00:00+00' + i * interval '97.000007 seconds' END,
    timestamptz '2025-02-01 00:00+00' + i * interval '97.000003 seconds'
    FROM generate_series(1, 1000) i;
  ANALYZE`;

/** Rows added to chunk 2, deleted from chunk 4, and one value changed in chunk 7. */
export const DRIFT = `
  INSERT INTO orders SELECT 250001 + i, 1, 'late', 1.5, 1, 'new', NULL, now(), now()
    FROM generate_series(1, 3) i;
  DELETE FROM orders WHERE id IN (450000, 450100);
  UPDATE orders SET price = price + 0.01 WHERE id = 750000`;

/** The chunks that the drift is in; the first one begins at id 100. */
export const DRIFTED = [
  "chunk 2 [200100..300099]",
  "chunk 4 [400100..500099]",
  "chunk 7 [700100..800099]",
];
