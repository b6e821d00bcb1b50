import { equal, match } from "node:assert/strict";
import { exporterWarning, runtimeExports } from "../../../../core/base/exporter.ts";

const ASK = `import { runtimeExports } from ${
  JSON.stringify(new URL("../../../../core/base/exporter.ts", import.meta.url).href)
}; console.log(runtimeExports());`;

async function exportsWith(env: Record<string, string>): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-check", ASK],
    // Nobody listens there, and nothing is sent to it before the end.
    env: { OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:1", OTEL_DENO_CONSOLE: "ignore", ...env },
  }).output();
  return new TextDecoder().decode(stdout).trim();
}

Deno.test("whether the runtime exports is seen before anything is loaded for it", async () => {
  equal(runtimeExports(), false);
  equal(await exportsWith({ OTEL_DENO: "true" }), "true");
  equal(await exportsWith({ OTEL_DENO: "false" }), "false");
});

Deno.test("an executable that cannot export says so when it is asked to", () => {
  for (const asked of ["true", "1"]) match(exporterWarning(true, asked) ?? "", /OTEL_DENO is set/);
  for (const asked of [undefined, "", "false"]) equal(exporterWarning(true, asked), null);
  equal(exporterWarning(false, "true"), null);
});
