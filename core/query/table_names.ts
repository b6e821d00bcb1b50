/** The tables that a SELECT reads, as far as its text tells: each is asked of the catalog afterwards. */
import type { SqlLexis } from "../ports/lexis.ts";
import { scanSql, UnclearSql } from "./scan_sql.ts";

const NAME = String.raw`(?:"(?:[^"]|"")+"|\x60(?:[^\x60]|\x60\x60)+\x60|\[(?:[^\]]|\]\])+\]|` +
  String.raw`[A-Za-z_\u0080-\uffff][\w$#@\u0080-\uffff]*)`;
/** Behind FROM, JOIN, or the comma after another table; not a function, nor a subquery. */
const REFERENCE = new RegExp(
  String.raw`\s*(?:(?:ONLY|LATERAL)\s+)?(${NAME}(?:\s*\.\s*${NAME})*)(?![\w$#@])(?!\s*[.(])`,
  "iy",
);
/** To the next table of a list. */
const COMMA = new RegExp(String.raw`(?:\s*\*)?(?:\s+(?:AS\s+)?${NAME})?\s*,`, "iy");
const COMMON = new RegExp(
  String.raw`\s*(?:\([^()]*\)\s*)?AS\s+(?:(?:NOT\s+)?MATERIALIZED\s*)?\(`,
  "iy",
);

function matchAt(pattern: RegExp, sql: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(sql);
}

/**
 * References as the text writes them, each once, without the names that WITH gives. An answer may hold names
 * of no table (`EXTRACT(day FROM created)`), and lacks those within functions and views.
 */
export function tableNames(sql: string, lexis: SqlLexis): string[] {
  const found = new Set<string>();
  const common = new Set<string>();
  try {
    for (const { kind, text, at } of scanSql(sql, lexis)) {
      if (kind !== "word") continue;
      const end = at + text.length;
      if (/^(from|join)$/i.test(text)) { for (const name of listAt(sql, end)) found.add(name); }
      else if (matchAt(COMMON, sql, end) !== null) common.add(text.toLowerCase());
    }
  } catch (error) {
    if (!(error instanceof UnclearSql)) throw error;
  }
  return [...found].filter((name) => !common.has(name.toLowerCase()));
}

function* listAt(sql: string, start: number): Generator<string> {
  for (let at = start;;) {
    const reference = matchAt(REFERENCE, sql, at);
    if (reference === null) return;
    yield reference[1].replaceAll(/\s*\.\s*/g, ".");
    if (matchAt(COMMA, sql, REFERENCE.lastIndex) === null) return;
    at = COMMA.lastIndex;
  }
}
