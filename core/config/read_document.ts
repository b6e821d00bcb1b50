/** A configuration's text as a document, by the parser that it needs. */
import type { ConfigDocument } from "./document.ts";
import { parsePlainYaml } from "./plain_yaml.ts";

/** Thrown where something is to be said about a place of the file, which the small parser does not know. */
class PlaceWanted extends Error {}

/**
 * Calls `use` with the document; once more, from the beginning, when it asks for a place: a file that nothing is said
 * about needs no parser that knows where everything stands.
 */
export async function withDocument<T>(
  text: string,
  use: (document: ConfigDocument) => Promise<T> | T,
): Promise<T> {
  const plain = parsePlainYaml(text);
  if (plain !== null) {
    const placeless = (): never => {
      throw new PlaceWanted();
    };
    try {
      return await use({ value: plain.value, problems: [], positionOf: placeless });
    } catch (error) {
      if (!(error instanceof PlaceWanted)) throw error;
    }
  }
  const { parseConfigDocument }: typeof import("./document.ts") = await import(
    "./document.ts" as string
  );
  return await use(parseConfigDocument(text));
}
