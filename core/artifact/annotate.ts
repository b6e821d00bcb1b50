/**
 * Writes `wave:` and `parallel_safe:` into the text of a configuration. Everything else stays byte for byte:
 * the text is never printed anew, values are put in at the places that the parser reports.
 */
import {
  type Document,
  isMap,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from "yaml";
import { isDeepStrictEqual } from "node:util";

export interface Schedule {
  readonly wave: number;
  readonly parallelSafe: boolean;
}

export interface Annotation {
  readonly text: string;
  /** Exports whose place in the file cannot take the fields, e.g. aliases of another export. */
  readonly skipped: readonly string[];
}

/** Text that replaces `[start, end)`. */
interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Field = readonly [key: string, value: string];

function parse(text: string): Document {
  return parseDocument(text, { merge: true, prettyErrors: false, logLevel: "silent" });
}

/** @param text as `loadConfig` accepts it. The same schedule gives the same text again. */
export function annotate(text: string, schedules: ReadonlyMap<string, Schedule>): Annotation {
  const document = parse(text);
  const exports = isMap(document.contents) ? document.contents.get("exports") : null;
  const items = isSeq(exports) ? exports.items : [];
  const skipped = new Set(schedules.keys());
  let result = text;
  // From the end, so that the places found in the first parse stay right.
  for (const [index, item] of [...items.entries()].reverse()) {
    const name = nameOf(document, item);
    const schedule = name === null ? undefined : schedules.get(name);
    if (name === null || schedule === undefined || !isMap(item)) continue;
    const edited = applyEdits(result, editsOf(text, item, schedule));
    if (!says(result, edited, index, schedule)) continue;
    result = edited;
    skipped.delete(name);
  }
  return { text: result, skipped: [...skipped] };
}

/** The export's name, its own or merged with `<<`. */
function nameOf(document: Document, item: unknown): string | null {
  if (!isMap(item)) return null;
  const own = item.items.find((pair) => keyOf(pair) === "name")?.value;
  const value: unknown = isScalar(own)
    ? own.value
    : (item.toJS(document) as { name?: unknown }).name;
  return typeof value === "string" ? value : null;
}

function keyOf(pair: Pair): unknown {
  return isScalar(pair.key) ? pair.key.value : null;
}

function editsOf(text: string, map: YAMLMap, schedule: Schedule): Edit[] {
  const fields: Field[] = [
    ["wave", String(schedule.wave)],
    ["parallel_safe", String(schedule.parallelSafe)],
  ];
  const edits: Edit[] = [];
  const missing: Field[] = [];
  let last: Pair | undefined;
  for (const field of fields) {
    const pair = map.items.find((p) => keyOf(p) === field[0]);
    if (pair === undefined) missing.push(field);
    else {
      edits.push(...replacement(text, pair, field[1]));
      last = pair;
    }
  }
  // Beside its sibling, else under the name, where one looks.
  const anchor = last ?? map.items.find((pair) => keyOf(pair) === "name") ?? map.items[0];
  if (missing.length > 0 && anchor !== undefined) edits.push(insertion(text, map, anchor, missing));
  return edits;
}

function replacement(text: string, pair: Pair, value: string): Edit[] {
  const node = pair.value as Node | null;
  if (!node?.range) return [];
  const [start, end] = node.range;
  if (text.slice(start, end) === value) return [];
  // A key without a value: `wave:`.
  const space = start === end && !/\s/.test(text[start - 1]) ? " " : "";
  return [{ start, end, text: space + value }];
}

/** Where a pair's value (or a key alone) ends. */
function endOf(pair: Pair): number {
  const node = (pair.value ?? pair.key) as Scalar;
  return node.range?.[1] ?? 0;
}

function insertion(text: string, map: YAMLMap, anchor: Pair, fields: readonly Field[]): Edit {
  return map.flow === true
    ? insertionInFlow(text, anchor, fields)
    : insertionOfLines(text, anchor, fields);
}

function insertionInFlow(text: string, anchor: Pair, fields: readonly Field[]): Edit {
  const at = endOf(anchor);
  // A file that is JSON stays JSON.
  const quote = text[(anchor.key as Scalar).range?.[0] ?? 0] === '"' ? '"' : "";
  const added = fields.map(([key, value]) => `, ${quote}${key}${quote}: ${value}`).join("");
  return { start: at, end: at, text: added };
}

function insertionOfLines(text: string, anchor: Pair, fields: readonly Field[]): Edit {
  const key = (anchor.key as Scalar).range?.[0] ?? 0;
  const lineStart = text.lastIndexOf("\n", key - 1) + 1;
  const before = text.slice(lineStart, key).replace(/^\uFEFF/, "");
  const indent = " ".repeat(/^ *(?:[-?] +)*/.exec(before)?.[0].replace(/\? +$/, "").length ?? 0);
  const end = endOf(anchor);
  const newline = text.indexOf("\n", text[end - 1] === "\n" ? end - 1 : end);
  const eol = (newline < 0 ? text.includes("\r\n") : text[newline - 1] === "\r") ? "\r\n" : "\n";
  const lines = fields.map(([name, value]) => `${indent}${name}: ${value}`);
  return newline < 0
    ? { start: text.length, end: text.length, text: lines.map((line) => eol + line).join("") }
    : { start: newline + 1, end: newline + 1, text: lines.map((line) => line + eol).join("") };
}

function applyEdits(text: string, edits: readonly Edit[]): string {
  return [...edits].sort((a, b) => b.start - a.start)
    .reduce((t, { start, end, text: put }) => t.slice(0, start) + put + t.slice(end), text);
}

/** Whether the edited text means what it meant before, and the schedule: no edit is trusted unread. */
function says(before: string, after: string, index: number, schedule: Schedule): boolean {
  const value = parse(before).toJS() as { exports: Record<string, unknown>[] };
  value.exports[index] = {
    ...value.exports[index],
    wave: schedule.wave,
    parallel_safe: schedule.parallelSafe,
  };
  const edited = parse(after);
  return edited.errors.length === 0 && isDeepStrictEqual(edited.toJS(), value);
}
