/** `compatibility.md`: the documents of the documented tool, item by item, from what the tests execute. */
import { type Case, CASES } from "../../tests/compat/cases.ts";
import { type Item, SECTIONS } from "../../tests/compat/items.ts";
import { cell, code, GENERATED, table } from "./markdown.ts";

type Status = Item["status"];
const STATUSES: readonly Status[] = ["works", "differs", "not offered"];

export function compatibilityPage(): string {
  const documents = [...new Set(SECTIONS.map((section) => section.document))];
  return [
    GENERATED,
    "# Compatibility\n",
    `What the documents of the documented tool describe, item by item. An item that works is executed by the
tests: as a command line with its exit code and output (\`tests/compat/cases.ts\`), or by the test that is
named in \`tests/compat/items.ts\`. [state.md](state.md#moving-over-from-the-documented-tool) says how to take its
state over.\n`,
    `${countTable(documents)}\n`,
    ...documents.flatMap((document) => [`## ${document}\n`, ...sectionsOf(document)]),
    "## JSON\n",
    `Keys that scripts may read, by command; \`[]\` stands for every element of a list. More keys may be there.\n`,
    `${jsonTable()}\n`,
    `Deprecated, still written beside their successors: \`rows\`, \`files\`, \`bytes\` (\`total_rows\`,
\`files_produced\` or \`total_files\`, \`bytes_written\` or \`total_bytes\`), \`exports\` (\`per_export\`), \`profile\`
(\`tuning_profile\`), \`cursor\` and \`updated_at\` (\`last_cursor_value\`, \`last_run_at\`), \`rows\` of a file
(\`row_count\`), \`plan_fingerprint\` and \`error\` of chunks (\`plan_hash\`, \`last_error\`), \`committed_*\` and
\`verified_*\` (\`last_committed_*\`, \`last_verified_*\`), and of a plan's \`prioritization\` all but
\`export_recommendation\` and \`campaign\`.\n`,
  ].join("\n");
}

function countTable(documents: readonly string[]): string {
  const rows = documents.map((document) => {
    const items = itemsOf(document);
    const counts = STATUSES.map((status) => items.filter((item) => item.status === status).length);
    return [cell(document), ...[items.length, ...counts].map(String)];
  });
  return table(["document", "items", ...STATUSES], rows);
}

function itemsOf(document: string): Item[] {
  return SECTIONS.filter((section) => section.document === document).flatMap(({ items }) => items);
}

function sectionsOf(document: string): string[] {
  return SECTIONS.filter((section) => section.document === document).flatMap((section) => [
    `### ${section.title}\n`,
    `${table(["item", "", "why"], section.items.map(itemRow))}\n`,
  ]);
}

function itemRow(item: Item): string[] {
  return [cell(item.item), item.status, item.status === "works" ? "" : cell(item.why)];
}

function jsonTable(): string {
  const keys = new Map<string, Set<string>>();
  for (const one of CASES.filter((one) => one.keys !== undefined)) {
    const command = commandOf(one);
    const known = keys.get(command) ?? new Set();
    keys.set(command, new Set([...known, ...(one.keys ?? "").split(" ")]));
  }
  const rows = [...keys].map((
    [command, names],
  ) => [cell(command), cell([...names].map(code).join(", "))]);
  return table(["command", "keys"], rows);
}

/** `rivet state show`; what follows names files, exports and the form. */
function commandOf({ run, json }: Case): string {
  if (json === "stderr") return `${code("--json-errors")}, on stderr`;
  const words = run.split(" ");
  const end = words.findIndex((word) => word.startsWith("-"));
  return code(`rivet ${words.slice(0, end < 0 ? undefined : end).join(" ")}`);
}
