/** A receiver of OpenLineage events on this machine, and the published schemas to hold events against. */
import assert from "node:assert/strict";
import { Ajv2020 } from "ajv/dist/2020.js";

/** An event as it arrives. */
export interface ReceivedEvent {
  readonly eventType: string;
  readonly eventTime: string;
  readonly run: { readonly runId: string; readonly facets: ReceivedFacets };
  readonly job: {
    readonly namespace: string;
    readonly name: string;
    readonly facets: ReceivedFacets;
  };
  readonly inputs: readonly ReceivedDataset[];
  readonly outputs: readonly ReceivedDataset[];
}

// deno-lint-ignore no-explicit-any
export type ReceivedFacets = Record<string, Record<string, any>>;

export interface ReceivedDataset {
  readonly namespace: string;
  readonly name: string;
  readonly facets: ReceivedFacets;
  readonly inputFacets?: ReceivedFacets;
  readonly outputFacets?: ReceivedFacets;
}

export interface LineageDouble {
  readonly url: string;
  readonly events: ReceivedEvent[];
  /** `POST /api/v1/lineage Bearer ...`, one per request. */
  readonly requests: string[];
  /** Resolves when the event has come. */
  came(eventType: string): Promise<void>;
  close(): Promise<void>;
}

/** @param status of the answer; null: none comes. */
export function lineageDouble(status: number | null = 201): LineageDouble {
  const [events, requests]: [ReceivedEvent[], string[]] = [[], []];
  const waiting: { type: string; resolve: () => void }[] = [];
  const closing = Promise.withResolvers<void>();
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    async (request) => {
      const key = request.headers.get("authorization") ?? "";
      requests.push(`${request.method} ${new URL(request.url).pathname} ${key}`.trim());
      if (request.method === "GET") return new Response(null, { status: 405 });
      const event: ReceivedEvent = await request.json();
      events.push(event);
      for (const { type, resolve } of waiting) if (type === event.eventType) resolve();
      if (status === null) await closing.promise;
      return new Response(null, { status: status ?? 201 });
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    events,
    requests,
    came: (type) =>
      events.some((event) => event.eventType === type)
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ type, resolve })),
    async close() {
      closing.resolve();
      await server.shutdown();
    },
  };
}

const SCHEMAS = new URL("../../fixtures/openlineage/schemas.json", import.meta.url);

/** @throws AssertionError naming what the published schemas of the event or of one of its facets refuse. */
export async function assertOpenLineage(event: ReceivedEvent): Promise<void> {
  const { $defs } = JSON.parse(await Deno.readTextFile(SCHEMAS)) as {
    $defs: Record<string, { title?: string }>;
  };
  const ajv = new Ajv2020({ allErrors: true, strict: false, schemas: [{ $id: "ol", $defs }] });
  const hold = (url: string, value: unknown) => {
    const name = Object.keys($defs).find((key) => $defs[key].title === url);
    assert.ok(name !== undefined, `${url} is no published schema`);
    const validate = ajv.getSchema(`ol#/$defs/${name}`);
    assert.ok(validate !== undefined, name);
    const ok = validate(value);
    assert.ok(ok, `${name}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`);
  };
  const { schemaURL } = event as unknown as { schemaURL: string };
  hold(schemaURL, event);
  const datasets = [...event.inputs, ...event.outputs];
  const groups = [
    event.run.facets,
    event.job.facets,
    ...datasets.flatMap((d) => [d.facets, d.inputFacets ?? {}, d.outputFacets ?? {}]),
  ];
  for (const facets of groups) {
    for (const facet of Object.values(facets)) hold(facet._schemaURL, facet);
  }
}
