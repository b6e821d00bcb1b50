/** `reference/config.md`: every key of rivet.yaml, from its JSON Schema. */
import { configJsonSchema } from "../../core/config/json_schema.ts";
import { cell, code, GENERATED, table } from "./markdown.ts";

/** The parts of JSON Schema that the configuration uses. */
interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly const?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly additionalProperties?: boolean | Schema;
}

export function configPage(): string {
  const root = configJsonSchema() as Schema;
  const sections = new Sections();
  sections.add("rivet.yaml", root);
  return [
    GENERATED,
    "# Configuration\n",
    `Every key of \`rivet.yaml\`. \`rivet schema config\` prints the same as JSON Schema, for editors.
Unknown keys are errors. \`\${VAR}\` in any text is replaced from the environment; in queries \`--param\`
comes first. \`$\${VAR}\` writes the text \`\${VAR}\` itself, as \`rivet init\` does for names that hold one. Keys in **bold** are required.\n`,
    ...sections.texts,
  ].join("\n");
}

class Sections {
  readonly texts: string[] = [];
  /** Blocks that are alike are described once: schema as text -> heading. */
  readonly #written = new Map<string, string>();

  /** A block of keys, then the blocks in it. */
  add(path: string, schema: Schema): void {
    this.texts.push(`## \`${path}\`\n`);
    if (schema.description !== undefined) this.texts.push(`${schema.description}\n`);
    const keys = JSON.stringify([schema.properties, schema.oneOf]);
    const same = this.#written.get(keys);
    if (same !== undefined) {
      this.texts.push(`The keys of [\`${same}\`](#${anchor(same)}).\n`);
      return;
    }
    this.#written.set(keys, path);
    const below: [string, Schema][] = [];
    for (const variant of schema.oneOf ?? []) this.#variant(path, variant);
    const rows = Object.entries(schema.properties ?? {}).map(([key, value]) => {
      const at = path === "rivet.yaml" ? key : `${path}.${key}`;
      const block = value.type === "array" && value.items?.properties !== undefined
        ? { path: `${at}[]`, schema: value.items }
        : value.properties !== undefined || value.oneOf !== undefined
        ? { path: at, schema: value }
        : null;
      if (block !== null) below.push([block.path, block.schema]);
      return keyRow(key, value, schema, block?.path ?? null);
    });
    if (rows.length > 0) this.texts.push(`${table(["key", "value", "meaning"], rows)}\n`);
    for (const [at, block] of below) this.add(at, block);
  }

  #variant(path: string, schema: Schema): void {
    const kind = schema.properties?.type?.const ?? "";
    this.texts.push(`### \`${path}\`, \`type: ${kind}\`\n`);
    this.texts.push(`${schema.description ?? ""}\n`);
    const rows = Object.entries(schema.properties ?? {})
      .filter(([key]) => key !== "type")
      .map(([key, value]) => keyRow(key, value, schema, null));
    if (rows.length > 0) this.texts.push(`${table(["key", "value", "meaning"], rows)}\n`);
  }
}

function keyRow(key: string, value: Schema, parent: Schema, block: string | null): string[] {
  const name = parent.required?.includes(key) ? `**${code(key)}**` : code(key);
  const type = block === null ? valueOf(value) : `[${code(block)}](#${anchor(block)})`;
  return [name, type, cell(value.description ?? value.items?.description ?? "")];
}

/** What may stand there, in a few words. */
function valueOf(schema: Schema): string {
  if (schema.const !== undefined) return code(schema.const);
  if (schema.enum !== undefined) return schema.enum.map(code).join(", ");
  if (schema.anyOf !== undefined) return schema.anyOf.map(valueOf).join(" or ");
  switch (schema.type) {
    case "array":
      return `list of ${schema.items === undefined ? "values" : valueOf(schema.items)}`;
    case "object":
      return typeof schema.additionalProperties === "object"
        ? `name: ${valueOf(schema.additionalProperties)}`
        : "block";
    case "integer":
      return "whole number";
    case "boolean":
      return "`true`, `false`";
    case "string":
      return "text";
    case "number":
      return "number";
    default:
      throw new Error(`no words for ${JSON.stringify(schema)}`);
  }
}

/** As common renderers make one of a heading. */
function anchor(heading: string): string {
  return heading.toLowerCase().replaceAll(/[^a-z0-9_ -]/g, "").replaceAll(" ", "-");
}
