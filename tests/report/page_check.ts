/** What a browser finds wrong with a page. */
import axe from "axe-core";
import type { Browser, Page } from "puppeteer-core";
import { pathToFileURL } from "node:url";

/** How somebody looks at it. */
export interface View {
  readonly width: number;
  readonly scheme: "light" | "dark";
}

export const VIEWS: readonly View[] = [360, 1440].flatMap((width) =>
  (["light", "dark"] as const).map((scheme) => ({ width, scheme }))
);

/** A page in the browser, with what it said and asked for. */
export interface OpenedPage {
  readonly page: Page;
  readonly faults: string[];
}

/** @returns the page, which the caller closes. */
export async function openPage(browser: Browser, path: string, view: View): Promise<OpenedPage> {
  const page = await browser.newPage();
  const url = pathToFileURL(path).href;
  const faults: string[] = [];
  page.on("pageerror", (error) => faults.push(`script error: ${error}`));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) faults.push(`console: ${message.text()}`);
  });
  page.on("dialog", (dialog) => {
    faults.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  page.on("request", (request) => {
    if (request.url() !== url) faults.push(`asks for ${request.url()}`);
  });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: view.scheme }]);
  await page.setViewport({ width: view.width, height: 900 });
  await page.goto(url, { waitUntil: "load" });
  return { page, faults };
}

/** Everything wrong with the page in this view; empty: nothing. */
export async function checkPage(browser: Browser, path: string, view: View): Promise<string[]> {
  const { page, faults } = await openPage(browser, path, view);
  try {
    // What is folded is looked at, too.
    await page.$$eval("details", (all) => all.forEach((one) => one.setAttribute("open", "")));
    faults.push(...await overflow(page), ...await keyboard(page), ...await violations(page));
    return faults.map((fault) => `${view.width} px, ${view.scheme}: ${fault}`);
  } finally {
    await page.close();
  }
}

/** The page must not scroll sideways, and no text of a chart may leave its drawing. */
async function overflow(page: Page): Promise<string[]> {
  return await page.evaluate(`(() => {
    const faults = [];
    const { scrollWidth, clientWidth } = document.documentElement;
    if (scrollWidth > clientWidth) faults.push("is " + scrollWidth + " px wide");
    for (const svg of document.querySelectorAll("svg")) {
      const box = svg.getBoundingClientRect();
      if (box.width === 0) continue;
      for (const text of svg.querySelectorAll("text")) {
        const { left, right } = text.getBoundingClientRect();
        if (left < -1 || right > clientWidth + 1) faults.push("a chart's text is cut: " + text.textContent);
      }
    }
    return faults;
  })()`) as string[];
}

/** The first key leads past the navigation. */
async function keyboard(page: Page): Promise<string[]> {
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  const hash = await page.evaluate(`location.hash`);
  return hash === "#content" ? [] : [`the first link leads to '${hash}'`];
}

interface Violation {
  readonly id: string;
  readonly help: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary?: string }[];
}

/** Rules of accessibility, contrast among them; the page's own policy does not hold for the looker. */
async function violations(page: Page): Promise<string[]> {
  // A table's thousandth row is like its tenth, and takes as long to look at.
  await page.$$eval("tbody tr:nth-child(n+20)", (rows) => rows.forEach((row) => row.remove()));
  await page.evaluate(axe.source);
  const found = await page.evaluate(`axe.run(document, {
    resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
  }).then((result) => result.violations)`) as Violation[];
  return found.map(({ id, help, nodes }) =>
    `${id}: ${help}: ${nodes.length} times, e.g. ${nodes[0].html.slice(0, 200)} ${
      nodes[0].failureSummary
    }`
  );
}
