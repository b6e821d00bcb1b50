/** The documents say what is so: they are generated where they can be, and tried where they cannot. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "../../cli/parse.ts";
import { FAULTS } from "../../docs/generate/faults.ts";
import { generatedPages } from "../../docs/generate.ts";
import { crashCases } from "../crash/points.ts";
import { loadWhole, wholeConfig } from "../support/config_blocks.ts";
import { RESULTS, type TortureResults } from "../torture/results.ts";
import {
  anchors,
  type Block,
  blocks,
  documents,
  links,
  rivetCommands,
} from "../support/markdown.ts";

const DOCS = fileURLToPath(new URL("../../docs/", import.meta.url));
const ALL = await documents();
const BLOCKS = ALL.flatMap(blocks);

Deno.test("the reference is what the code says", async () => {
  for (const [path, text] of generatedPages()) {
    const stored = await Deno.readTextFile(join(DOCS, path));
    const lines = stored.split("\n");
    const stale = text.split("\n").find((line, i) => line !== lines[i]);
    assert.equal(stale, undefined, `docs/${path} is stale, run \`deno task docs\`: ${stale}`);
    assert.equal(lines.length, text.split("\n").length, `docs/${path}: run \`deno task docs\``);
  }
});

Deno.test("what was broken on purpose is still what is broken", async () => {
  const { suites, named, random }: TortureResults = JSON.parse(await Deno.readTextFile(RESULTS));
  for (const path of FAULTS.flatMap((fault) => fault.suites)) {
    const stat = await Deno.stat(join(DOCS, "..", path)).catch(() => null);
    assert.ok(stat !== null, `${path} of docs/generate/faults.ts is not there`);
    assert.ok(
      suites[path] > 0,
      `nothing passed in ${path}: run \`deno task torture --only suites\``,
    );
  }
  const points = named.flatMap((kills) => kills.points);
  for (const engine of ["postgres", "mysql"] as const) {
    for (const { mode, point } of crashCases(engine)) {
      assert.ok(
        named.some((kills) => kills.mode === mode) && points.some((at) => at.includes(point)),
        `nothing was killed in mode ${mode} at ${point}: run \`deno task torture --only named\``,
      );
    }
  }
  for (const kills of [named, random]) {
    const combined = new Set(
      kills.map(({ engine, place, state }) => [engine, place, state].join()),
    );
    assert.equal(combined.size, 8, [...combined].join("; "));
  }
});

Deno.test("links lead somewhere", async () => {
  const found = ALL.flatMap(links);
  assert.ok(found.length > 10, `${found.length} links`);
  for (const { file, fragment, as } of found) {
    const stat = await Deno.stat(file).catch(() => null);
    assert.ok(stat !== null, `${as}: there is no such file`);
    if (fragment === "" || !file.endsWith(".md")) continue;
    const there = anchors(await Deno.readTextFile(file));
    assert.ok(there.has(fragment), `${as}: no heading #${fragment}`);
  }
});

/** YAML of other programs. */
const isForeign = ({ text }: Block): boolean => /^(jobs|services|apiVersion):/m.test(text);

Deno.test("every YAML block is a configuration that loads, or a part of one", async () => {
  const yaml = BLOCKS.filter((block) => block.language === "yaml" && !isForeign(block));
  assert.ok(yaml.length > 5, `${yaml.length} blocks`);
  for (const block of yaml) {
    const config = wholeConfig(block.text);
    assert.ok(config !== null, `${block.place}: neither a configuration nor a part of one`);
    try {
      await loadWhole(config);
    } catch (error) {
      assert.fail(`${block.place}: ${error instanceof Error ? error.message : error}`);
    }
  }
});

Deno.test("every rivet command is one", () => {
  const commands = BLOCKS.filter(({ language }) => ["bash", "sh"].includes(language))
    .flatMap((block) => rivetCommands(block).map((args) => ({ args, place: block.place })));
  assert.ok(commands.length > 5, `${commands.length} commands`);
  for (const { args, place } of commands) {
    try {
      const { kind } = parseArgs(args, { width: 100, color: false });
      assert.notEqual(kind, "incomplete", `${place}: rivet ${args.join(" ")}`);
    } catch (error) {
      assert.fail(`${place}: rivet ${args.join(" ")}: ${error}`);
    }
  }
});

Deno.test("architecture.md names files that are there", async () => {
  const text = await Deno.readTextFile(join(DOCS, "architecture.md"));
  const named = [...text.matchAll(/`((?:core|cli|adapters|state|lint)\/[^`]*|main\.ts)`/g)]
    .map(([, path]) => path);
  const missing: string[] = [];
  for (const path of named) {
    await Deno.stat(join(DOCS, "..", path)).catch(() => missing.push(path));
  }
  assert.deepEqual(missing, []);
  assert.ok(named.length > 25, `only ${named.length} files are named`);
});
