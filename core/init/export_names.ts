/** Names of tables as names of exports, which are parts of file names. */

const MAX_NAME = 100;

function safeName(table: string): string {
  const replaced = table.replace(/[^\p{L}\p{N}_.-]+/gu, "_");
  const safe = (replaced === table ? table : replaced.replace(/[_-]+$/, "")).replace(/^[.-]+/, "");
  const cut = [...safe].slice(0, MAX_NAME).join("").replace(/\.+$/, "");
  return /[\p{L}\p{N}]/u.test(cut) ? cut : "table";
}

/**
 * One name per table, in order: the table's own where it can be a file name. Names that differ by case
 * only are kept apart too, because folders of some systems do not.
 */
export function exportNames(tables: readonly string[]): string[] {
  const taken = new Set<string>();
  // A table whose own name is fine keeps it, whatever others are mapped to.
  const own = new Set(tables.filter((table) => safeName(table) === table));
  return tables.map((table) => {
    const base = safeName(table);
    const isFree = (name: string) =>
      !taken.has(name.toLowerCase()) && (name === table || !own.has(name));
    let name = base;
    for (let n = 2; !isFree(name); n++) {
      const suffix = `_${n}`;
      name = [...base].slice(0, MAX_NAME - suffix.length).join("") + suffix;
    }
    taken.add(name.toLowerCase());
    return name;
  });
}
