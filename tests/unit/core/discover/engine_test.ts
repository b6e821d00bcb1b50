import assert from "node:assert/strict";
import { engineOfUrl } from "../../../../core/discover/engine.ts";

Deno.test("the scheme of a URL names the engine", () => {
  assert.equal(engineOfUrl("postgresql://u@h/d"), "postgres");
  assert.equal(engineOfUrl(" MariaDB://u@h/d\n"), "mysql");
  assert.equal(engineOfUrl("sqlserver://u@h/d"), "mssql");
});

Deno.test("another one is a usage error that shows no secret", () => {
  for (const url of ["oracle://u:geheim@h/d", "u:geheim@h/d", ""]) {
    assert.throws(() => engineOfUrl(url), (error: Error & { code: string }) => {
      assert.equal(error.code, "USAGE");
      assert.doesNotMatch(error.message, /geheim/);
      return true;
    });
  }
});
