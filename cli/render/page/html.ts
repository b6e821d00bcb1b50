/** Markup that is safe to put together: whatever is no `Html` already is text, and is escaped. */
import { printable } from "../../../core/base/printable.ts";
import { redact } from "../../../core/base/redact.ts";

/** Markup, made by `html` or `trusted` alone. */
export class Html {
  readonly markup: string;

  constructor(markup: string) {
    this.markup = markup;
  }
}

export type HtmlValue = Html | string | number | null | readonly (Html | null)[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text without secrets and control characters. */
export function plainText(text: string): string {
  return printable(redact(text));
}

/** The same as markup. */
export function escapeHtml(text: string): string {
  return plainText(text).replace(/[&<>"']/g, (character) => ENTITIES[character]);
}

function markupOf(value: HtmlValue): string {
  if (value === null) return "";
  if (value instanceof Html) return value.markup;
  if (typeof value === "object") return value.map(markupOf).join("");
  return escapeHtml(String(value));
}

/** Values in the template are escaped, in texts and in quoted attributes alike. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  return new Html(String.raw({ raw: parts }, ...values.map(markupOf)));
}

/** Markup of a library that escapes by itself. */
export function trusted(markup: string): Html {
  return new Html(markup);
}
