/**
 * Which days of a column hold rows, found by a few index look-ups, so that an empty span costs nothing: a
 * sentinel like 9999-12-31 is one more window, not three million.
 */
import { RivetError } from "../../base/errors.ts";
import { columnRef, comparedType, literalOf, outerSelect, textOf } from "../select.ts";
import type { CutRequest } from "./cut.ts";
import { MAX_CHUNKS, tooManyChunks } from "./windows.ts";

const DAY_MS = 86_400_000;
/** A span of at most this many windows is not searched for gaps. */
const LEAF_WINDOWS = 32;

/** Days since 1970-01-01. */
type Day = number;

export const LAST_DAY: Day = Date.parse("9999-12-31T00:00:00Z") / DAY_MS;

/** The day that a value's text begins with; null for what no calendar of four-digit years holds. */
export function dayOf(text: string): Day | null {
  const date = /^\d{4}-\d\d-\d\d(?!\d)/.exec(text)?.[0];
  if (date === undefined || text.endsWith(" BC")) return null;
  const ms = Date.parse(`${date}T00:00:00Z`);
  // `Date.parse` takes 2026-02-30 for the second of March.
  if (Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== date) return null;
  return date.startsWith("0000") ? null : ms / DAY_MS;
}

export function dateOf(day: Day): string {
  return new Date(day * DAY_MS).toISOString().slice(0, 10);
}

export class Calendar {
  readonly #request: CutRequest;
  readonly #days: number;
  readonly #starts: Day[] = [];

  /** @param days of a window. */
  constructor(request: CutRequest, days: number) {
    this.#request = request;
    this.#days = days;
  }

  /**
   * The first days of the windows that hold rows, ascending; null for a column without a value. Values
   * that no calendar holds (infinity, BC, zero dates) lie in the outermost windows, which are open.
   * @throws RivetError CONFIG_INVALID for more windows than a run may have.
   */
  async starts(): Promise<readonly Day[] | null> {
    const [lowest, highest] = [await this.#end("MIN"), await this.#end("MAX")];
    if (lowest === null || highest === null) return null;
    // Only where an end is no day of the calendar: the next value that is.
    const first = dayOf(lowest) ?? await this.#dayAt("MIN", dayOf("0001-01-01"), LAST_DAY);
    const last = dayOf(highest) ?? await this.#dayAt("MAX", dayOf("0001-01-01"), LAST_DAY);
    if (first === null || last === null) return [];
    await this.#walk(first, last);
    return this.#starts;
  }

  /** Halves the span until it is short, each half cut to what it holds. Both ends hold rows. */
  async #walk(first: Day, last: Day): Promise<void> {
    const windows = Math.floor((last - first) / this.#days) + 1;
    if (windows <= LEAF_WINDOWS) {
      for (let i = 0; i < windows; i++) this.#starts.push(first + i * this.#days);
    } else {
      const middle = first + Math.floor(windows / 2) * this.#days;
      const [below, above] = [
        await this.#dayAt("MAX", first, middle),
        await this.#dayAt("MIN", middle, last + 1),
      ];
      await this.#walk(first, below ?? first);
      await this.#walk(above ?? last, last);
    }
    if (this.#starts.length > MAX_CHUNKS) throw tooManyChunks(`chunk_by_days ${this.#days}`);
  }

  /** The lowest or highest day within `[from, to)`; null when there is none. */
  async #dayAt(end: "MIN" | "MAX", from: Day | null, to: Day): Promise<Day | null> {
    const { source: { dialect }, exported, column } = this.#request;
    const ref = columnRef(dialect, column.name);
    const literal = (day: Day) => literalOf(dialect, boundOf(column, day), comparedType(column));
    const terms = from === null ? [] : [`${ref} >= ${literal(from)}`];
    // There is no literal for the day after the last one.
    if (to <= LAST_DAY) terms.push(`${ref} < ${literal(to)}`);
    const text = await this.#end(end, terms.join(" AND "));
    if (text === null) return null;
    const day = dayOf(text);
    if (day !== null) return day;
    throw new RivetError(
      "CONFIG_INVALID",
      `export '${exported.name}': chunk_by_days cannot place '${text}' of '${column.name}'`,
      { hint: "Choose another cut, e.g. chunk_by_key or chunk_dense, or correct the value." },
    );
  }

  async #end(end: "MIN" | "MAX", where?: string): Promise<string | null> {
    const { source, base, column } = this.#request;
    const value = `${end}(${columnRef(source.dialect, column.name)})`;
    const [[text]] = await source.rows(
      outerSelect(source.dialect, {
        selectList: [textOf(source.dialect, value, comparedType(column))],
        base,
        where,
      }),
    );
    return text;
  }
}

/** A day as the column's values are compared with it. */
export function boundOf({ type }: CutRequest["column"], day: Day): string {
  return dateOf(day) + (type.kind === "timestamp" && type.utc ? " 00:00:00+00" : "");
}
