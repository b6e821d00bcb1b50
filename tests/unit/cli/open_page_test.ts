/** `--open`: the desktop's program is started with the page; without one that is said. */
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { openInBrowser } from "../../../cli/open_page.ts";
import { configureLogging } from "../../../core/base/log.ts";

/** A PATH with nothing but `programs` on it; returns the warnings. */
async function withPrograms(
  programs: Readonly<Record<string, string>>,
  body: (dir: string) => Promise<void>,
): Promise<string[]> {
  const dir = await Deno.makeTempDir({ prefix: "rivet-open-" });
  const path = Deno.env.get("PATH") ?? "";
  const warnings: string[] = [];
  configureLogging({ level: "warn", sink: ({ text }) => void warnings.push(text) });
  try {
    for (const [name, script] of Object.entries(programs)) {
      await Deno.writeTextFile(join(dir, name), script, { mode: 0o755 });
    }
    Deno.env.set("PATH", dir);
    await body(dir);
    return warnings;
  } finally {
    Deno.env.set("PATH", path);
    configureLogging({ level: "warn", sink: () => {} });
    await Deno.remove(dir, { recursive: true });
  }
}

for (const [os, program] of [["linux", "xdg-open"], ["darwin", "open"]]) {
  Deno.test(`open: ${program} is given the page's address`, async () => {
    const warnings = await withPrograms(
      { [program]: `#!/bin/sh\nprintf %s "$*" > "\${0%/*}/asked"\n` },
      async (dir) => {
        await openInBrowser("/srv/a b/report.html", os);
        equal(await Deno.readTextFile(join(dir, "asked")), "file:///srv/a%20b/report.html");
      },
    );
    deepEqual(warnings, []);
  });
}

Deno.test("open: what does not work is a warning", async () => {
  const [missing] = await withPrograms({}, () => openInBrowser("report.html", "linux"));
  match(missing, /could not open report\.html with xdg-open: it is not installed/);
  const failing = { "xdg-open": "#!/bin/sh\nexit 3\n" };
  const [failed] = await withPrograms(failing, () => openInBrowser("report.html", "linux"));
  match(failed, /xdg-open could not open report\.html: it ended with exit code 3/);
});
