import { equal } from "node:assert/strict";
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatElapsed,
  formatEta,
  formatInstant,
} from "../../../../cli/render/format.ts";

Deno.test("sizes change unit where one decimal would reach 1024", () => {
  equal(formatBytes(0), "0 B");
  equal(formatBytes(1023), "1023 B");
  equal(formatBytes(1024), "1.0 KB");
  equal(formatBytes(13_002_342), "12.4 MB");
  equal(formatBytes(1024 ** 2 - 1), "1.0 MB");
  equal(formatBytes(3.5 * 1024 ** 4), "3.5 TB");
});

Deno.test("counts are short", () => {
  equal(formatCount(950), "950");
  equal(formatCount(9_200), "9.2K");
  equal(formatCount(999_999), "1.0M");
  equal(formatCount(1_100_000), "1.1M");
});

Deno.test("durations keep a tenth of a second below a minute", () => {
  equal(formatDuration(3_200), "3.2s");
  equal(formatDuration(59_949), "59.9s");
  equal(formatDuration(59_999), "1m 00s");
  equal(formatDuration(126_000), "2m 06s");
  equal(formatDuration(3_599_600), "1h 00m");
  equal(formatDuration(3_720_000), "1h 02m");
});

Deno.test("time left is whole seconds first", () => {
  equal(formatEta(65_100), "66s");
  equal(formatEta(126_000), "2m 06s");
});

Deno.test("elapsed time is a clock", () => {
  equal(formatElapsed(126_900), "00:02:06");
  equal(formatElapsed(90_061_000), "25:01:01");
});

Deno.test("instants are shown to the second", () => {
  equal(formatInstant("2026-03-29T12:52:00.123Z"), "2026-03-29T12:52:00+00:00");
  equal(formatInstant("unknown"), "unknown");
});
