/** Tests against the scripted server as it is by itself, and as servers were seen to be. */
import { type ConnectTo, connectTo, withServer, withSource } from "./connect.ts";
import type { Source } from "../../../core/ports/source.ts";
import type { Rule, ServerOptions, TdsServer } from "./server.ts";
import { AS_A_REAL_SERVER, type NamedTraits, PLAIN, SINGLE_TRAITS, type Traits } from "./traits.ts";

/** A scripted server with traits: `connect.ts` with them filled in. */
export interface Double {
  readonly traits: Traits;
  readonly withServer: typeof withServer;
  readonly withSource: typeof withSource;
  readonly connectTo: (server: TdsServer, options?: ConnectTo) => Promise<Source>;
}

function doubleWith(traits: Traits): Double {
  const server = (options: Partial<ServerOptions> = {}) => ({ traits, ...options });
  return {
    traits,
    withServer: (rules: readonly Rule[], work, options) => withServer(rules, work, server(options)),
    withSource: (rules, work, options = {}) =>
      withSource(rules, work, { ...options, server: server(options.server) }),
    connectTo,
  };
}

export interface TraitTestOptions {
  /** The traits to try alone, too: all of them, or those that the test is about. */
  readonly alone?: "all" | readonly (keyof Traits)[];
}

const BOTH: readonly NamedTraits[] = [
  { name: "", traits: PLAIN },
  { name: "as a real server", traits: AS_A_REAL_SERVER },
];

/** Registers a test plainly, with all traits at once, and with single ones. */
export function traitTest(
  name: string,
  work: (double: Double) => Promise<void>,
  { alone = [] }: TraitTestOptions = {},
): void {
  const single = SINGLE_TRAITS.filter((trait) =>
    alone === "all" || alone.some((wanted) => wanted === trait.name)
  );
  for (const { name: how, traits } of [...BOTH, ...single]) {
    Deno.test(how === "" ? name : `${name} [${how}]`, () => work(doubleWith(traits)));
  }
}
