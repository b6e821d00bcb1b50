import { equal, match, notEqual } from "node:assert/strict";
import { canonicalJson, integrityOf } from "../../../../core/artifact/canonical.ts";

Deno.test("the hash is of the values: order and layout of the text do not count", async () => {
  equal(
    canonicalJson({ b: [1, { d: null, c: "x" }], a: true }),
    '{"a":true,"b":[1,{"c":"x","d":null}]}',
  );
  const hash = await integrityOf({ a: 1, b: { c: [1, 2] } });
  match(hash, /^sha256:[0-9a-f]{64}$/);
  equal(await integrityOf(JSON.parse('{ "b": {"c": [1,\n2]}, "a": 1.0 }')), hash);
  notEqual(await integrityOf({ a: 1, b: { c: [2, 1] } }), hash);
});
