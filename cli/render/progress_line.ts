/** One export's progress as one line. */
import type { ExportProgress } from "../../core/run/run_options.ts";
import { formatBytes, formatCount, formatElapsed, formatEta } from "./format.ts";

export interface LineFacts {
  /** Milliseconds, of the same clock as `now`. */
  readonly startedAt: number;
  readonly progress: ExportProgress;
}

const MAX_BAR = 36;
const MIN_BAR = 10;

/** `orders [====>-----] 11/20 chunks | 1.1M rows | ...`, at most `width` columns. */
export function liveLine(running: LineFacts, now: number, width: number): string {
  return lineOf(`${running.progress.exportName} `, running, now, width);
}

/** The same without the name, for a card. */
export function barLine(running: LineFacts, now: number, width: number): string {
  return lineOf("", running, now, width);
}

function lineOf(prefix: string, running: LineFacts, now: number, width: number): string {
  const facts = factsOf(running, now).join(" | ");
  const fraction = fractionOf(running.progress);
  const room = Math.min(MAX_BAR, width - prefix.length - facts.length - 3);
  const line = fraction === null || room < MIN_BAR
    ? `${prefix}${facts}`
    : `${prefix}${bar(fraction, room)} ${facts}`;
  return clip(line, width);
}

export function plainLine(running: LineFacts, now: number): string {
  return `${running.progress.exportName}: ${factsOf(running, now).join(", ")}`;
}

function factsOf(running: LineFacts, now: number): string[] {
  const { rows, bytes, chunks } = running.progress;
  const elapsedMs = Math.max(0, now - running.startedAt);
  const fraction = fractionOf(running.progress);
  const facts: string[] = [];
  if (chunks !== null) facts.push(`${chunks.done}/${chunks.total} chunks`);
  else if (fraction !== null) facts.push(`~${Math.floor(fraction * 100)}%`);
  facts.push(`${formatCount(rows)} rows`);
  if (rows > 0 && elapsedMs > 0) facts.push(`${formatCount(rows / elapsedMs * 1000)} rows/s`);
  facts.push(formatBytes(bytes), formatElapsed(elapsedMs));
  const own = fraction === null ? 0 : fraction - beforeOf(running.progress);
  if (fraction !== null && own > 0 && fraction < 1) {
    facts.push(`ETA ${formatEta(elapsedMs * (1 - fraction) / own)}`);
  }
  return facts;
}

/** What an earlier run had done, 0..1: this one's time says nothing about it. */
function beforeOf({ chunks }: ExportProgress): number {
  return chunks === null || chunks.total === 0 ? 0 : (chunks.before ?? 0) / chunks.total;
}

/**
 * How much is done, 0..1, or null when nobody knows. An estimate never claims to be complete; where there
 * are chunks, it only says how far the next one is.
 */
function fractionOf(progress: ExportProgress): number | null {
  const { rows, estimatedRows, chunks } = progress;
  const byRows = estimatedRows !== null && estimatedRows > 0 ? rows / estimatedRows : null;
  if (chunks === null || chunks.total === 0) return byRows === null ? null : Math.min(0.99, byRows);
  if (chunks.done === chunks.total) return 1;
  const [done, next] = [chunks.done / chunks.total, (chunks.done + 0.99) / chunks.total];
  return byRows === null ? done : Math.min(next, Math.max(done, byRows));
}

/** `[====>-----]`, `width` characters inside the brackets. */
function bar(fraction: number, width: number): string {
  const done = Math.floor(fraction * width);
  const filled = done === width ? "=".repeat(width) : `${"=".repeat(done)}>`;
  return `[${filled.padEnd(width, "-")}]`;
}

/** At most `width` columns. */
export function clip(line: string, width: number): string {
  const characters = [...line];
  if (characters.length <= width) return line;
  return `${characters.slice(0, Math.max(0, width - 1)).join("")}…`;
}
