/**
 * Charts, drawn by Observable Plot into a document in memory while the page is written: the page itself
 * runs nothing. Each is drawn twice, for wide and for narrow screens; the style sheet shows one of them.
 */
import * as Plot from "@observablehq/plot";
import { DOMParser } from "linkedom";
import { type Html, html, trusted } from "./html.ts";

/** A chart, and what it says to those who do not see it. */
export interface ChartSpec {
  readonly title: string;
  readonly description: string;
  readonly options: (width: number) => Plot.PlotOptions;
  /** Drawn under the title: what the colours stand for. */
  readonly legend?: Html;
}

const WIDTHS = { wide: 560, narrow: 340 } as const;

/** Numbers of coordinates: a hundredth of a pixel is enough. */
const COORDINATES = / (d|x|y|x1|x2|y1|y2|cx|cy|width|height|transform)="([^"]*)"/g;

/** Draws charts; made once per page. */
export class Charts {
  readonly #document = new DOMParser().parseFromString(
    "<!DOCTYPE html><html></html>",
    "text/html",
  );

  /** @param widest a width for large screens, where the chart stands alone */
  chart(spec: ChartSpec, widest: number = WIDTHS.wide): Html {
    const { title, description, legend } = spec;
    return html`<figure><figcaption>${title}</figcaption>${
      legend ?? null
    }<p class="soft">${description}</p>
${this.#draw(spec, "wide", widest)}${this.#draw(spec, "narrow", WIDTHS.narrow)}</figure>`;
  }

  #draw(
    { title, description, options }: ChartSpec,
    form: keyof typeof WIDTHS,
    width: number,
  ): Html {
    const svg = Plot.plot({
      document: this.#document,
      className: "plot",
      width,
      height: 200,
      marginLeft: 56,
      ...options(width),
    });
    svg.querySelector("style")?.remove();
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `${title}. ${description}`);
    // Names of marks are for whoever looks into the drawing; the picture has one name.
    for (const part of svg.querySelectorAll("g[aria-label]")) part.removeAttribute("aria-label");
    const markup = svg.outerHTML.replace(COORDINATES, (_: string, name: string, value: string) => {
      return ` ${name}="${value.replace(/(\.\d\d)\d+/g, "$1")}"`;
    });
    return html`<div class="${form}">${trusted(markup)}</div>`;
  }
}
