import { deepEqual, equal } from "node:assert/strict";
import { renderError, renderErrorJson } from "../../../../cli/render/error.ts";
import { Screen } from "../../../../cli/render/screen.ts";
import { ConfigError, RivetError } from "../../../../core/base/errors.ts";
import { FakeStream } from "../fakes.ts";

Deno.test("an error shows its message, problems and hint", () => {
  const error = new ConfigError("rivet.yaml has 2 problems", ["a.yaml:1:2 x", "a.yaml:3:4 y"], {
    hint: "Correct them.",
  });
  equal(
    renderError(error),
    "error: rivet.yaml has 2 problems\n  a.yaml:1:2 x\n  a.yaml:3:4 y\nhint: Correct them.",
  );
  deepEqual(JSON.parse(renderErrorJson(error)), {
    error: "rivet.yaml has 2 problems",
    code: "CONFIG_INVALID",
    hint: "Correct them.",
    exit_class: "config",
    retryable: false,
    problems: ["a.yaml:1:2 x", "a.yaml:3:4 y"],
  });
});

Deno.test("the JSON form always has error, code and hint, and is one line", () => {
  const json = renderErrorJson(new RivetError("SOURCE_QUERY", "two\nlines"));
  equal(json.includes("\n"), false);
  deepEqual(JSON.parse(json), {
    error: "two\nlines",
    code: "SOURCE_QUERY",
    hint: null,
    exit_class: "config",
    retryable: false,
  });
});

Deno.test("no form shows a password", () => {
  const error = new ConfigError("at postgres://u:secret@h/db", ["postgres://u:secret@h/db"], {
    hint: "Check postgres://u:secret@h/db.",
  });
  const err = new FakeStream();
  const screen = new Screen(new FakeStream(), err);
  screen.line(renderError(error));
  screen.jsonLine(renderErrorJson(error));
  equal(err.text.includes("secret"), false);
});

Deno.test("an unexpected error says how to find where it happened", () => {
  equal(
    renderError(new RivetError("INTERNAL", "boom")),
    "error: boom\nhint: This is a defect in rivet. RIVET_LOG=debug shows where it happened.",
  );
});
