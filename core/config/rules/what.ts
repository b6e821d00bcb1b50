/** Rules about what an export reads: its name and its query. */
import { exclusive, type ExportRule, present, sentence } from "./rule.ts";

const QUERY_KEYS = ["query", "query_file", "table"];
const MAX_NAME = 100;

const nameIsFileName: ExportRule = {
  name: "name_is_a_file_name",
  reads: ["name"],
  check({ config: { name } }) {
    if (name.length > MAX_NAME) {
      return [{ path: ["name"], message: `longer than ${MAX_NAME} characters` }];
    }
    if (/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name) && !name.endsWith(".")) return [];
    const safe = name.replace(/[^\p{L}\p{N}_.-]+/gu, "_").replace(/^[.-]+|\.+$/g, "");
    const advice = safe === "" ? "" : `, e.g. "${safe}"`;
    return [{
      path: ["name"],
      message:
        `${JSON.stringify(name)} becomes part of file names: use letters, digits, "_", "-" ` +
        `and "." only, a letter, digit or "_" first${advice}`,
    }];
  },
};

const oneQuery: ExportRule = {
  name: "one_of_query_query_file_table",
  reads: QUERY_KEYS,
  check({ config }) {
    if (present(config, QUERY_KEYS).length === 0) {
      return [{ path: [], message: `nothing to export: give ${sentence(QUERY_KEYS, "or")}` }];
    }
    return exclusive(config, QUERY_KEYS, "keep one of them");
  },
};

const outsideNeedsFile: ExportRule = {
  name: "allow_outside_needs_query_file",
  reads: ["allow_outside", "query_file"],
  check({ config: { allow_outside, query_file } }) {
    if (allow_outside !== true || query_file !== undefined) return [];
    return [{
      path: ["allow_outside"],
      message: "permits a place of query_file, and there is none",
    }];
  },
};

const tableIsName: ExportRule = {
  name: "table_is_a_name",
  reads: ["table"],
  check({ config: { table } }) {
    if (table === undefined || !/^\s*select\b|[;()]/i.test(table)) return [];
    return [{ path: ["table"], message: "is SQL, not a table's name; write it under query" }];
  },
};

/** In the order in which they are asked. */
export const WHAT_RULES: readonly ExportRule[] = [
  nameIsFileName,
  oneQuery,
  outsideNeedsFile,
  tableIsName,
];
