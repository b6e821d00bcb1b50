/** What a check of a file stops at. */
import type { FileProblem } from "../../core/ports/format.ts";

/** A place in a file. */
export type Place = Partial<Omit<FileProblem, "message">>;

function placeText({ column, row_group, page, offset }: Place): string {
  const parts = [
    column == null ? null : `column "${column}"`,
    row_group == null ? null : `row group ${row_group}`,
    page == null ? null : page === "dictionary" ? "the dictionary page" : `page ${page}`,
  ].filter((part) => part !== null);
  const at = offset == null ? "" : `at byte ${offset}`;
  return [parts.join(", "), at].filter((part) => part !== "").join(" ");
}

/** Thrown within a check only, which answers with its problem. */
export class Damage extends Error {
  readonly problem: FileProblem;

  constructor(what: string, place: Place = {}) {
    const where = placeText(place);
    const message = where === "" ? what : `${where}: ${what}`;
    super(message);
    const { column = null, row_group = null, page = null, offset = null } = place;
    this.problem = { message, column, row_group, page, offset };
  }
}
