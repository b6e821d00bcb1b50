/** Whether an export's table has the rows of the run that its manifest is of. */
import type { LoadedExport } from "../config/loaded.ts";
import type { Manifest } from "../manifest/manifest.ts";
import type { Adapters } from "../ports/adapters.ts";
import type { Destination } from "../ports/destination.ts";
import type { Table } from "../ports/table_format.ts";
import { commitKind } from "../tables/covers.ts";
import { withTable } from "../tables/open_table.ts";
import type { Finding } from "./validation_report.ts";

/** What the table says of a run. */
export interface TableVerdict {
  readonly findings: readonly Finding[];
  readonly warnings: readonly string[];
  /** Parts that another writer has put others in the place of since: they may be gone. */
  readonly rewritten: ReadonlySet<string>;
}

const NOTHING: TableVerdict = { findings: [], warnings: [], rewritten: new Set() };

/** @param manifest of a run that succeeded. @throws as opening the table does */
export async function validateTable(
  deps: Pick<Adapters, "table">,
  exported: LoadedExport,
  destination: Destination,
  manifest: Manifest,
  signal: AbortSignal,
): Promise<TableVerdict> {
  if (manifest.status !== "success") return NOTHING;
  const settings = exported.tableFormat;
  const whole = settings !== null && commitKind(settings) === "replace";
  return await withTable(
    { deps, exported, destination, signal },
    (table) => compare(table, manifest, whole, destination.uri),
  ) ?? NOTHING;
}

async function compare(
  table: Table,
  manifest: Manifest,
  whole: boolean,
  uri: string,
): Promise<TableVerdict> {
  const { current } = table;
  const parts = manifest.parts.filter(({ status }) => status === "committed");
  if (current === null) {
    return finding(
      "table_missing",
      manifest.table === undefined
        ? `there is no table at ${uri}: run '${manifest.run_id}' left files and no table`
        : `there is no table at ${uri}, and run '${manifest.run_id}' made it what it was: its log or metadata ` +
          "is gone",
    );
  }
  if (manifest.table === undefined) {
    return finding(
      "table_lacks_run",
      `run '${manifest.run_id}' has not been committed to the table`,
    );
  }
  const files = await table.files();
  const own = new Set(parts.map(({ path }) => path));
  const lacking = [...own].filter((path) => !files.has(path));
  const others = [...files].filter((path) => !own.has(path));
  const version = `version ${current.id} of the table`;
  if (table.follows(manifest.table.version) === false) {
    return finding(
      "table_lacks_run",
      `${version} does not come from version ${manifest.table.version}, in which run ` +
        `'${manifest.run_id}' is: it has been rolled back, or made anew`,
    );
  }
  if (current.id !== manifest.table.version && isLater(table, manifest)) {
    return lacking.length === 0 ? NOTHING : {
      rewritten: new Set(lacking),
      findings: [],
      warnings: [
        `${version} is another writer's, and does not name ${named(lacking)} of this run any more`,
      ],
    };
  }
  if (lacking.length > 0) {
    return finding("table_lacks_run", `${version} does not name ${named(lacking)}`);
  }
  return whole && others.length > 0
    ? finding("table_has_more", `${version} names ${named(others)} beside the run's own parts`)
    : NOTHING;
}

/** Whether the run had come into the table before it became what it is. */
function isLater({ lastSequence }: Table, { sequence = 0 }: Manifest): boolean {
  return lastSequence !== null && lastSequence >= sequence;
}

function named([first, ...more]: readonly string[]): string {
  return more.length === 0 ? first : `${first} and ${more.length} more`;
}

function finding(code: Finding["code"], message: string): TableVerdict {
  return { ...NOTHING, findings: [{ code, message }] };
}
