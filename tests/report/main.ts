/**
 * `deno task report:browser [--screenshot]`: writes report pages (of a shop, of names that are markup, of no run, of
 * many exports) and looks at them in Chromium: errors, requests, overflow on a phone and on a desk, keyboard, rules of
 * accessibility, contrast among them, each in light and dark. `--screenshot` writes docs/report.png and docs/report-run.png.
 *
 * Chromium is RIVET_CHROMIUM, or `chromium` on PATH (`apt-get install chromium`).
 */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import puppeteer, { type Browser } from "puppeteer-core";
import { openSqlite, STATE_FILE } from "../../state/open.ts";
import { connectSqlite } from "../../state/sqlite/connection.ts";
import { fillHistory, type HistorySize } from "../support/history.ts";
import { rivet } from "../support/rivet.ts";
import { checkPage, openPage, VIEWS } from "./page_check.ts";
import { scriptArgs } from "../../packaging/script.ts";

const DOCS = fileURLToPath(new URL("../../docs", import.meta.url));

const SHOP: HistorySize = {
  exports: ["orders", "customers", "events", "invoices", "payments", "shipments"],
  runs: 900,
  from: new Date("2026-10-20T00:00:00Z"),
  everyMs: 3_600_000,
};

const SAMPLES: Readonly<Record<string, HistorySize | null>> = {
  shop: SHOP,
  markup: {
    ...SHOP,
    exports: [`<script>alert(1)</script>`, `"><img src=x onerror=alert(2)>`, "x".repeat(300)],
    runs: 60,
  },
  empty: null,
  many: {
    exports: Array.from({ length: 1100 }, (_, i) => `shop_table_${i}`),
    runs: 5500,
    from: new Date("2024-01-01T00:00:00Z"),
    everyMs: 7_200_000,
  },
};

/** What must be found, or the looking is blind. */
const FAULTY = `<!DOCTYPE html><html><head><title>x</title></head><body><a href="#elsewhere">a</a>
<p style="color:#ccc;background:#fff;width:2000px">pale</p><img src="http://127.0.0.1:9/x.png">
<script>throw new Error("broken")</script></body></html>`;

const EXPECTED = [
  "color-contrast",
  "image-alt",
  "px wide",
  "asks for",
  "script error",
  "first link",
];

function chromium(): string {
  const given = Deno.env.get("RIVET_CHROMIUM");
  if (given !== undefined) return given;
  for (const folder of (Deno.env.get("PATH") ?? "").split(":")) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        if (Deno.statSync(join(folder, name)).isFile) return join(folder, name);
      } catch {
        // Not in this folder.
      }
    }
  }
  throw new Error("no Chromium: apt-get install chromium, or name one in RIVET_CHROMIUM");
}

/** @returns the page's path. */
async function writePage(dir: string, name: string, size: HistorySize | null): Promise<string> {
  const folder = join(dir, name);
  await Deno.mkdir(folder);
  await Deno.writeTextFile(
    join(folder, "rivet.yaml"),
    "source: {type: postgres, url: postgresql://localhost/shop}\n" +
      "exports:\n  - {name: orders, table: orders, destination: {type: local, path: ./out}}\n",
  );
  if (size !== null) {
    const path = join(folder, STATE_FILE);
    await (await openSqlite(path)).close();
    const db = await connectSqlite(path);
    await fillHistory(db, size);
    await db.close();
  }
  const { code, stderr } = await rivet(["report"], { cwd: folder });
  if (code !== 0) throw new Error(`rivet report: ${stderr}`);
  return join(folder, "report.html");
}

async function requireSight(browser: Browser, dir: string): Promise<string[]> {
  const path = join(dir, "faulty.html");
  await Deno.writeTextFile(path, FAULTY);
  const found = (await checkPage(browser, path, VIEWS[0])).join("\n");
  return EXPECTED.filter((fault) => !found.includes(fault)).map((fault) =>
    `does not see: ${fault}`
  );
}

/** What docs/report.md shows: the top of the page, and where a run's time went. */
async function screenshots(browser: Browser, path: string): Promise<void> {
  const { page } = await openPage(browser, path, { width: 1240, scheme: "light" });
  // The folder of a sample is nobody's.
  await page.evaluate(
    `document.querySelector("header p").textContent = "State: /srv/shop/.rivet_state.db."`,
  );
  await page.screenshot({
    path: join(DOCS, "report.png") as `${string}.png`,
    captureBeyondViewport: true,
    clip: { x: 0, y: 0, width: 1240, height: 1060 },
  });
  await page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: "dark" }]);
  const top = await page.$eval("#run", (section) => section.getBoundingClientRect().top);
  await page.screenshot({
    path: join(DOCS, "report-run.png") as `${string}.png`,
    captureBeyondViewport: true,
    clip: { x: 0, y: top, width: 1240, height: 640 },
  });
  await page.close();
}

async function main(): Promise<number> {
  const { values } = scriptArgs(import.meta.url, {
    screenshot: { type: "boolean", default: false },
  });
  const dir = await Deno.makeTempDir({ prefix: "rivet-report-" });
  // Debian's runs as root in containers, where it has no sandbox; it loads files of ours alone.
  const browser = await puppeteer.launch({ executablePath: chromium(), args: ["--no-sandbox"] });
  let faults = 0;
  const tell = (name: string, found: readonly string[]) => {
    faults += found.length;
    console.log(
      found.length === 0 ? `ok      ${name}` : `FAILED  ${name}\n  ${found.join("\n  ")}`,
    );
  };
  try {
    tell("a faulty page is seen as such", await requireSight(browser, dir));
    for (const [name, size] of Object.entries(SAMPLES)) {
      const path = await writePage(dir, name, size);
      for (const view of VIEWS) {
        tell(`${name}, ${view.width} px, ${view.scheme}`, await checkPage(browser, path, view));
      }
      if (name === "shop" && values.screenshot) await screenshots(browser, path);
    }
    return faults === 0 ? 0 : 1;
  } finally {
    await browser.close();
    await Deno.remove(dir, { recursive: true });
  }
}

if (import.meta.main) Deno.exit(await main());
