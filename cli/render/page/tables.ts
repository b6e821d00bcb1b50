/** Tables, and what a chart shows as one: what a reader of screens and a sceptic look at. */
import { Html, html, type HtmlValue } from "./html.ts";

export interface Column {
  readonly header: string;
  /** `num`: aligned by digits; `time`: on one line; `wrap`: long texts. */
  readonly kind?: "num" | "time" | "wrap";
}

export interface TableSpec {
  readonly caption: string;
  /** The first one's cells name their rows. */
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly HtmlValue[])[];
}

function cell(value: HtmlValue, { kind }: Column, first: boolean): Html {
  const content = value === null ? "–" : value;
  if (first) return html`<th scope="row" class="${kind ?? ""}">${content}</th>`;
  return kind === undefined ? html`<td>${content}</td>` : html`<td class="${kind}">${content}</td>`;
}

/** In a region of its own that scrolls, so that the page does not. */
export function table({ caption, columns, rows }: TableSpec): Html {
  const head = columns.map(({ header, kind }) =>
    html`<th scope="col" class="${kind ?? ""}">${header}</th>`
  );
  const body = rows.map((row) =>
    html`<tr>${row.map((value, i) => cell(value, columns[i], i === 0))}</tr>\n`
  );
  return html`
    <div class="scroll" role="region" aria-label="${caption}" tabindex="0">
      <table>
        <caption>${caption}</caption>
        <thead>
          <tr>${head}</tr>
        </thead>
        <tbody>
    ${body}</tbody>
      </table>
    </div>
  `;
}

/** The same, folded: the figures behind a chart. */
export function figures(spec: TableSpec): Html {
  return html`<details><summary>Figures: ${spec.caption}</summary>${table(spec)}</details>`;
}

/** Says that a list is not whole. */
export function leftOut(more: boolean, text: string): Html | null {
  return more ? html`<p class="soft">${text}</p>` : null;
}

/** Of words that stand for colours in a chart. */
export function legend(words: readonly string[]): Html {
  const items = words.map((word) => html`<li><span class="sw-${word}"></span>${word}</li>`);
  return html`<ul class="legend" aria-label="Colours">${items}</ul>`;
}
