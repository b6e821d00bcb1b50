/** What tests look at in the documents. */
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

export interface Document {
  /** Relative to the repository, with `/`. */
  readonly path: string;
  readonly text: string;
}

async function markdownIn(folder: string): Promise<string[]> {
  const found: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.isDirectory) found.push(...await markdownIn(join(folder, entry.name)));
    else if (entry.name.endsWith(".md")) found.push(join(folder, entry.name));
  }
  return found;
}

/** The README and its neighbours, and everything under `docs/`. */
export async function documents(): Promise<Document[]> {
  const beside = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map((name) => join(ROOT, name));
  const paths = [...beside, ...await markdownIn(join(ROOT, "docs"))].sort();
  return await Promise.all(paths.map(async (path) => ({
    path: relative(ROOT, path).replaceAll("\\", "/"),
    text: await Deno.readTextFile(path),
  })));
}

export interface Block {
  readonly language: string;
  readonly text: string;
  /** `docs/state.md:12`, of the fence. */
  readonly place: string;
}

export function blocks({ path, text }: Document): Block[] {
  const found: Block[] = [];
  for (const match of text.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)) {
    const [, indent, language, body] = match;
    const line = text.slice(0, match.index).split("\n").length;
    found.push({
      language,
      text: body.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
      place: `${path}:${line}`,
    });
  }
  return found;
}

/** Targets of the links that point into the repository: file, and fragment or "". */
export function links({ path, text }: Document): { file: string; fragment: string; as: string }[] {
  const prose = text.replaceAll(/^ *```.*?^ *```$/gms, "").replaceAll(/`[^`\n]*`/g, "");
  return [...prose.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target]) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [to, fragment = ""] = target.split("#");
      const file = to === "" ? path : join(dirname(path), decodeURI(to));
      return { file: join(ROOT, file), fragment, as: `${path}: ${target}` };
    });
}

/** The fragments that a document's headings make. */
export function anchors(text: string): Set<string> {
  const prose = text.replaceAll(/^ *```.*?^ *```$/gms, "");
  return new Set(
    [...prose.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
      heading.toLowerCase().replaceAll(/[^\p{L}\p{N}_ -]/gu, "").replaceAll(" ", "-")
    ),
  );
}

/** The `rivet ...` commands of a shell block, as arguments without `rivet`. */
export function rivetCommands({ text }: Block): string[][] {
  return text.replaceAll("\\\n", " ").split("\n").flatMap((line) => {
    const words = shellWords(line);
    // Before it may stand variables for this one command.
    const at = words.findIndex((word) => !/^[A-Z_]+=/.test(word));
    return words[at] === "rivet" ? [words.slice(at + 1)] : [];
  });
}

/** The words of a line up to a comment, a pipe, a redirection or the next command. */
function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/#.*|[|>&;]|(?:"[^"]*"|'[^']*'|[^\s|>&;#"'])+/g)) {
    if (/^[#|>&;]/.test(word)) break;
    words.push(word.replaceAll(/["']/g, ""));
  }
  return words;
}
