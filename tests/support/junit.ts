/** Counts of a `deno test --junit-path` report. */

export interface TestCounts {
  readonly passed: number;
  readonly failed: number;
  /** `file: name` of every ignored test. */
  readonly ignored: readonly string[];
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&apos;": "'",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};

function unescape(text: string): string {
  return text.replace(/&(quot|apos|lt|gt|amp);/g, (entity) => ENTITIES[entity]);
}

function attribute(tag: string, name: string): string {
  return unescape(new RegExp(` ${name}="([^"]*)"`).exec(tag)?.[1] ?? "");
}

/** Counts top-level tests and steps alike: each is one `<testcase>`. */
export function countTests(junit: string): TestCounts {
  let passed = 0;
  let failed = 0;
  const ignored: string[] = [];
  for (const [, tag, body] of junit.matchAll(/<testcase([^>]*)>(.*?)<\/testcase>/gs)) {
    if (/^\s*<(failure|error)\b/.test(body)) failed++;
    else if (/^\s*<skipped\b/.test(body)) {
      ignored.push(`${attribute(tag, "classname")}: ${attribute(tag, "name")}`);
    } else passed++;
  }
  return { passed, failed, ignored };
}
