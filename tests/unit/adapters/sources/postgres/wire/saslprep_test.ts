import assert from "node:assert/strict";
import { saslPrep } from "../../../../../../adapters/sources/postgres/wire/saslprep.ts";

Deno.test("saslprep: the examples of RFC 4013", () => {
  assert.equal(saslPrep("I\u00adX"), "IX");
  assert.equal(saslPrep("user"), "user");
  assert.equal(saslPrep("USER"), "USER");
  assert.equal(saslPrep("\u00aa"), "a");
  assert.equal(saslPrep("\u2168"), "IX");
});

Deno.test("saslprep: one password, however it was typed", () => {
  assert.equal(saslPrep("e\u0301te\u0301"), "\u00e9t\u00e9");
  assert.equal(saslPrep("a\u00a0b\u3000c"), "a b c");
  assert.equal(saslPrep("\u200bz"), " z");
});

Deno.test("saslprep: what may not be prepared is taken as it is", () => {
  for (
    const password of [
      "\u0007",
      // Right to left, with another direction at its end.
      "\u06271\u00a0",
      "\u0627a\u0627",
      // Not assigned in Unicode 3.2.
      "\u{1f600}e\u0301",
      // Nothing is left.
      "\u00ad",
      "\ue000e\u0301",
    ]
  ) assert.equal(saslPrep(password), password, JSON.stringify(password));
  assert.equal(saslPrep("\u0627\u00ad\u0628"), "\u0627\u0628");
});
