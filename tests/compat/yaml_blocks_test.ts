/** Configurations of the documented tool load here, or are refused by name with what to write. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { ConfigError } from "../../core/base/errors.ts";
import { anyConfig, loadWhole, wholeConfig } from "../support/config_blocks.ts";

interface Sample {
  readonly text: string;
  /** Where it is from. */
  readonly from?: string;
  /** What a warning says about it. */
  readonly warns?: string;
  /** What the refusal says. */
  readonly refused?: string;
}

async function samples(file: string): Promise<readonly Sample[]> {
  return parse(await Deno.readTextFile(new URL(`./data/${file}`, import.meta.url)));
}

/** What is said when it is loaded; null when it is not refused. */
async function refusalOf(config: Record<string, unknown>): Promise<string | null> {
  try {
    await loadWhole(config);
    return null;
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
}

Deno.test("every YAML block of the public documents loads", async () => {
  const blocks = await samples("yaml_blocks.yaml");
  assert.equal(blocks.length, 15);
  for (const { from, text } of blocks) {
    const config = wholeConfig(text);
    assert.ok(config !== null, `${from}: neither a configuration nor a part of one`);
    assert.equal(await refusalOf(config), null, from);
  }
});

Deno.test("every documented setting is honoured, or refused by name with what to write", async () => {
  const settings = await samples("documented_keys.yaml");
  assert.ok(settings.length > 60, `${settings.length}`);
  for (const { text, warns, refused } of settings) {
    const config = anyConfig(text);
    if (refused !== undefined) {
      assert.match(await refusalOf(config) ?? "it loads", new RegExp(refused), text);
      continue;
    }
    assert.equal(await refusalOf(config), null, text);
    if (warns === undefined) continue;
    const { warnings } = await loadWhole(config);
    assert.match(warnings.join("\n"), new RegExp(warns), text);
  }
});
