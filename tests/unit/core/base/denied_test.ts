import { equal, match } from "node:assert/strict";
import { flagHint, refusalBehind } from "../../../../core/base/denied.ts";
import { SourceError, toRivetError } from "../../../../core/base/errors.ts";

const net = new Deno.errors.NotCapable(
  'Requires net access to "db:5432", run again with the --allow-net flag',
);

Deno.test("a refusal is found behind a driver's errors, and its flag named", () => {
  const wrapped = new Error("cannot connect", { cause: new AggregateError([new Error("a"), net]) });
  const refusal = refusalBehind(wrapped);
  equal(refusal, net);
  match(flagHint(net), /--allow-net=db:5432, or with -A; `rivet permissions`/);
  const env = new Error("Requires env access, run again with the --allow-env flag");
  match(flagHint(env), /with --allow-env,/);
  equal(refusalBehind(new Error("connection refused")), null);
  const circle = new Error("a");
  circle.cause = circle;
  equal(refusalBehind(circle), null);
});

Deno.test("whatever an adapter makes of a refusal: its hint names the flag, and nobody tries again", () => {
  const error = new SourceError("SOURCE_UNREACHABLE", "cannot reach it", {
    category: "network",
    hint: "Is the server running?",
    cause: net,
  });
  equal(error.category, "permanent");
  match(error.hint ?? "", /--allow-net=db:5432/);
  equal(toRivetError(net).code, "NOT_AVAILABLE");
});
