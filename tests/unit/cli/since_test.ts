import { equal, throws } from "node:assert/strict";
import { sinceInstant } from "../../../cli/since.ts";

const NOW = new Date("2026-11-27T12:00:00Z");

const TIMES: Readonly<Record<string, string>> = {
  "2026-05-01": "2026-05-01T00:00:00.000Z",
  "2026-05-01T06:30": "2026-05-01T06:30:00.000Z",
  "2026-05-01T06:30:15.5Z": "2026-05-01T06:30:15.500Z",
  "2026-05-01T06:30:00+02:00": "2026-05-01T04:30:00.000Z",
  "2026-05-01T00:30:00+02:00": "2026-04-30T22:30:00.000Z",
  "30m": "2026-11-27T11:30:00.000Z",
  "12h": "2026-11-27T00:00:00.000Z",
  "7d": "2026-11-20T12:00:00.000Z",
  "4w": "2026-10-30T12:00:00.000Z",
};

for (const [text, expected] of Object.entries(TIMES)) {
  Deno.test(`since: ${text}`, () => equal(sinceInstant(text, NOW), expected));
}

for (const text of ["", "yesterday", "2026-13-01", "2026-02-30", "7", "7y", "-7d", "999999w"]) {
  Deno.test(`since: '${text}' is refused`, () =>
    throws(() => sinceInstant(text, NOW), { code: "USAGE" }));
}
