/** The YAML file: its value, its syntax problems, and where each path of the value stands in it. */
import {
  type Document,
  isAlias,
  isCollection,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import type { ConfigPath, Position, Problem } from "./problem.ts";

/** Nested deeper than this nothing of the schema goes; it also stops an alias that contains itself. */
const MAX_DEPTH = 64;

export interface ConfigDocument {
  /** Plain values; a key without a value is left out, as if it were not written. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Where the path's key (or list item) stands; for a path that is not there, its nearest parent. */
  positionOf(path: ConfigPath): Position;
}

/** Never throws: whatever is wrong with the text is a problem with a position. */
export function parseConfigDocument(source: string): ConfigDocument {
  const lines = new LineCounter();
  const document = parseDocument(source, {
    lineCounter: lines,
    // The pretty form quotes the source line, which may hold a password.
    prettyErrors: false,
    // Not "silent", which hides the error about several documents.
    logLevel: "error",
    merge: true,
  });
  const at = (offset: number): Position => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const problems: Problem[] = [];
  const report = (message: string, offset: number) =>
    problems.push({ severity: "error", path: [], message, position: at(offset) });

  for (const error of [...document.errors, ...document.warnings]) {
    const opening = error.code === "MISSING_CHAR" ? openQuote(document, error.pos[0]) : undefined;
    if (opening === undefined) report(syntaxMessage(error, source), error.pos[0]);
    else report("YAML: the quote that opens here is never closed", opening);
  }
  let value: unknown = null;
  if (problems.length === 0) {
    reportOddKeys(document, report);
    readNullKeys(document);
    if (problems.length === 0) value = toValue(document, report);
  }
  return {
    value,
    problems,
    positionOf: (path) => at(offsetOf(document, path)),
  };
}

const QUOTE_IT = "put a value that begins with a special character in quotes";

/** The parser's own messages repeat what stands there, which may be a password. */
const SYNTAX_MESSAGES: Record<YAMLError["code"], string> = {
  ALIAS_PROPS: "an alias (*name) takes neither an anchor nor a tag",
  BAD_ALIAS: `* begins an alias, which names nothing here; ${QUOTE_IT}`,
  BAD_COLLECTION_TYPE: "the tag does not fit what it stands before",
  BAD_DIRECTIVE: `a line that begins with % is no directive; ${QUOTE_IT}`,
  BAD_DQ_ESCAPE:
    "a backslash in double quotes begins no escape; write it twice, or use single quotes",
  BAD_INDENT: "the indentation does not fit the lines around it",
  BAD_PROP_ORDER: "an anchor or tag stands where none may",
  BAD_SCALAR_START: `a value cannot begin with this character; ${QUOTE_IT}`,
  BLOCK_AS_IMPLICIT_KEY: "a mapping or list begins where a key ends; a line break is missing",
  BLOCK_IN_FLOW: "a block stands inside brackets or braces",
  DUPLICATE_KEY: "a key is written twice",
  IMPOSSIBLE: "this is no YAML",
  KEY_OVER_1024_CHARS: 'a key is longer than 1,024 characters; is a ":" missing?',
  MISSING_CHAR:
    "a bracket, comma, colon, quote or space is missing; is a value to be put in quotes?",
  MULTILINE_IMPLICIT_KEY: 'a key goes over several lines; is a ":" missing?',
  MULTIPLE_ANCHORS: "one value has several anchors",
  MULTIPLE_DOCS: 'the file holds several YAML documents; remove the "---" between them',
  MULTIPLE_TAGS: "one value has several tags",
  NON_STRING_KEY: "a key must be a word",
  RESOURCE_EXHAUSTION: "the file is nested too deeply",
  TAB_AS_INDENT: "a tab is used as indentation; YAML wants spaces",
  TAG_RESOLVE_FAILED: `! begins a tag, which means nothing here; ${QUOTE_IT}`,
  UNEXPECTED_TOKEN: `what stands here belongs to nothing; ${QUOTE_IT}`,
};

function syntaxMessage(error: YAMLError, source: string): string {
  const key = error.code === "DUPLICATE_KEY" ? keyFrom(source, error.pos[0]) : null;
  if (key !== null) return `key ${JSON.stringify(key)} is written twice`;
  const plain = ["DUPLICATE_KEY", "MULTIPLE_DOCS", "TAB_AS_INDENT"].includes(error.code);
  return `${plain ? "" : "YAML: "}${SYNTAX_MESSAGES[error.code]}`;
}

/** Where the quoted text starts that is still open at an offset. */
function openQuote(document: Document, offset: number): number | undefined {
  let start: number | undefined;
  visit(document, {
    Scalar(_, node) {
      const quoted = node.type === "QUOTE_DOUBLE" || node.type === "QUOTE_SINGLE";
      if (!quoted || !node.range || node.range[1] < offset) return undefined;
      start = node.range[0];
      return visit.BREAK;
    },
  });
  return start;
}

/** The key that starts at an offset, as it is written; null when it is not a plain word. */
function keyFrom(source: string, offset: number): string | null {
  return /^(["']?[\w.-]{1,64}["']?)\s*:/.exec(source.slice(offset, offset + 80))?.[1] ?? null;
}

/** Keys must be plain words: a list or a mapping as a key has no meaning here. */
function reportOddKeys(document: Document, report: (message: string, offset: number) => void) {
  visit(document, {
    Pair(_, pair) {
      if (isCollection(pair.key)) {
        report("a key must be a word, not a list or a mapping", pair.key.range?.[0] ?? 0);
      }
    },
  });
}

/** A key that is written `null` is that word: there is a setting of the name. */
function readNullKeys(document: Document): void {
  visit(document, {
    Pair(_, { key }) {
      if (isScalar(key) && key.value === null && key.source) key.value = key.source;
    },
  });
}

function toValue(document: Document, report: (message: string, offset: number) => void): unknown {
  try {
    return withoutNulls(document.toJS(), 0);
  } catch (error) {
    // Unknown aliases, alias bombs and aliases inside their own anchor are found only on conversion.
    report(`YAML: ${conversionMessage(error)}`, firstAliasOffset(document));
    return null;
  }
}

/** The parser's message names the alias, which may be a password that begins with "*". */
function conversionMessage(error: unknown): string {
  if (error instanceof TooDeep) return error.message;
  return error instanceof ReferenceError && /Excessive alias/.test(error.message)
    ? "aliases multiply beyond what a configuration can need"
    : SYNTAX_MESSAGES.BAD_ALIAS;
}

class TooDeep extends RangeError {}

function firstAliasOffset(document: Document): number {
  let offset = 0;
  visit(document, {
    Alias(_, node) {
      if (node.resolve(document) !== undefined) return undefined;
      offset = node.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  return offset;
}

function withoutNulls(value: unknown, depth: number): unknown {
  if (depth > MAX_DEPTH) {
    throw new TooDeep(
      `nested deeper than ${MAX_DEPTH} levels; is an alias inside its own anchor?`,
    );
  }
  if (Array.isArray(value)) return value.map((item) => withoutNulls(item, depth + 1));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== null)
      .map(([key, item]) => [key, withoutNulls(item, depth + 1)]),
  );
}

function offsetOf(document: Document, path: ConfigPath): number {
  let node: unknown = document.contents;
  let offset = startOf(node) ?? 0;
  for (const part of path) {
    node = isAlias(node) ? node.resolve(document) : node;
    if (isMap(node)) {
      const pair = findPair(document, node, String(part));
      if (pair === undefined) return offset;
      offset = startOf(pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      node = node.items[Number(part)];
      if (node === undefined) return offset;
      offset = startOf(node) ?? offset;
    } else {
      return offset;
    }
  }
  return offset;
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

/** The pair of a key, in the mapping itself or in what it merges with `<<`. */
function findPair(document: Document, map: YAMLMap, key: string, depth = 0): Pair | undefined {
  const own = map.items.find((pair) => isPair(pair) && keyText(pair.key) === key);
  if (own !== undefined || depth > MAX_DEPTH) return own;
  for (const pair of map.items) {
    if (keyText(pair.key) !== "<<") continue;
    const merged = isSeq(pair.value) ? [...pair.value.items].reverse() : [pair.value];
    for (const item of merged) {
      const target = isAlias(item) ? item.resolve(document) : item;
      const found = isMap(target) ? findPair(document, target, key, depth + 1) : undefined;
      if (found !== undefined) return found;
    }
  }
  return undefined;
}

function keyText(key: unknown): string {
  if (!isScalar(key)) return String(key);
  // Merge keys hold a symbol whose description is "<<".
  return typeof key.value === "symbol" ? key.value.description ?? "" : String(key.value ?? "");
}
