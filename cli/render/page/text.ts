/** Words and numbers of the page. */
import { grouped } from "../../../core/base/grouped.ts";
import type { RunMetric } from "../../../core/ports/state.ts";
import { formatUtc } from "../format.ts";
import { type Html, html } from "./html.ts";

const MARKS: Readonly<Record<RunMetric["status"], string>> = {
  success: "✓",
  failed: "✗",
  skipped: "–",
  interrupted: "!",
};

export const STATUSES = ["success", "failed", "skipped", "interrupted"] as const;

/** A status in words, with a mark that does not need its colour. */
export function statusText(status: RunMetric["status"]): Html {
  return html`<span class="${status}"><span aria-hidden="true">${
    MARKS[status]
  } </span>${status}</span>`;
}

export function count(value: number): string {
  return grouped(value);
}

/** Rows a second; null where nothing can be said. */
export function perSecond(rows: number, durationMs: number): number | null {
  return durationMs <= 0 ? null : rows * 1000 / durationMs;
}

export function throughput(rows: number, durationMs: number): string {
  const rate = perSecond(rows, durationMs);
  return rate === null ? "–" : `${count(Math.round(rate))} rows/s`;
}

/** An instant, for people and programs. */
export function instant(iso: string | null): Html | null {
  return iso === null ? null : html`<time datetime="${iso}">${formatUtc(iso)}</time>`;
}

const SIZES = ["B", "KB", "MB", "GB", "TB"];

/** The unit in which the largest of these sizes is read best. */
export function sizeUnit(
  sizes: readonly number[],
): { readonly unit: string; readonly bytes: number } {
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const power = Math.min(SIZES.length - 1, Math.floor(Math.log2(Math.max(1, largest)) / 10));
  return { unit: SIZES[power], bytes: 1024 ** power };
}

const DURATIONS = [
  { unit: "milliseconds", ms: 1 },
  { unit: "seconds", ms: 1000 },
  { unit: "minutes", ms: 60_000 },
  { unit: "hours", ms: 3_600_000 },
] as const;

/** Likewise of durations. */
export function durationUnit(
  durations: readonly number[],
): { readonly unit: string; readonly ms: number } {
  const longest = durations.reduce((most, ms) => Math.max(most, ms), 0);
  return DURATIONS.findLast(({ ms }) => longest >= 3 * ms) ?? DURATIONS[0];
}
