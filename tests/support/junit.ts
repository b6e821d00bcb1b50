/** Counts of a `deno test --junit-path` report. */

export interface TestCounts {
  readonly passed: number;
  /** `file: name` of every failed test. */
  readonly failed: readonly string[];
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
  const failed: string[] = [];
  const ignored: string[] = [];
  for (const [, tag, body] of junit.matchAll(/<testcase([^>]*)>(.*?)<\/testcase>/gs)) {
    const test = `${attribute(tag, "classname")}: ${attribute(tag, "name")}`;
    if (/^\s*<(failure|error)\b/.test(body)) failed.push(test);
    else if (/^\s*<skipped\b/.test(body)) ignored.push(test);
    else passed++;
  }
  return { passed, failed, ignored };
}
