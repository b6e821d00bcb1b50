import assert from "node:assert/strict";
import fc from "fast-check";
import {
  excerpt,
  forgetSecrets,
  redact,
  redactConfig,
  redactValue,
  registerNames,
  registerPassword,
  registerSecret,
  registerUrlSecret,
  urlCredentials,
} from "../../../../core/base/redact.ts";

/** Runs with a registry of its own. */
function withSecrets(values: readonly string[], body: () => void): void {
  try {
    for (const value of values) registerSecret(value);
    body();
  } finally {
    forgetSecrets();
  }
}

Deno.test("URLs lose their password, whatever characters it has", () => {
  const cases: [string, string][] = [
    ["postgres://u:p@h/db", "postgres://u:***@h/db"],
    [
      "at postgresql://u:p%40ss@h:5432/db?sslmode=require.",
      "at postgresql://u:***@h:5432/db?sslmode=require.",
    ],
    ["mysql://u:p@ss@h/db", "mysql://u:***@h/db"],
    ["mysql://u:a:b@h/db", "mysql://u:***@h/db"],
    ["mysql://u:a/b@h/db", "mysql://u:***@h/db"],
    ["mysql://u:1/2@h/db", "mysql://u:***@h/db"],
    ["mysql://u:a@b/c@h/db", "mysql://u:***@h/db"],
    ["mysql://u:a?b@h/db?x=1", "mysql://u:***@h/db?x=1"],
    ["mysql://u:a@b?c@h/db?x=1", "mysql://u:***@h/db?x=1"],
    ["mysql://u:a#b@h/db", "mysql://u:***@h/db"],
    ["mysql://:p@h/db", "mysql://:***@h/db"],
    ["mysql://u@h/db", "mysql://u@h/db"],
    ["postgres://[::1]:5432/db", "postgres://[::1]:5432/db"],
    ["postgres://u:p@[::1]:5432/db", "postgres://u:***@[::1]:5432/db"],
    ["mysql://u:12?Secret@h/db", "mysql://u:***@h/db"],
    ["mysql://u:aa@bb?Tail@h/db", "mysql://u:***@h/db"],
    ["mysql://u:aa@bb?Tail=1@h/db?x=1", "mysql://u:***@h/db?x=1"],
    ["sqlserver://u:12/x#y=1@h/db", "sqlserver://u:***@h/db"],
    // It may be a password that goes on to the last "@": too much is hidden rather than too little.
    ["postgres://h:5432/db?application_name=a@b", "postgres://h:***@b"],
    ["postgres://h:5432/db?application_name=a%40b", "postgres://h:5432/db?application_name=a%40b"],
    ["https://u:aa@bb?Tail@h/x", "https://u:***@h/x"],
    ["https://u:p@h/x?mail=a@b", "https://u:***@h/x?mail=a@b"],
    ["see https://h/?to=mysql://u:p@i/db", "see https://h/?to=mysql://u:***@i/db"],
    ["mysql://u:a://b@h/db", "mysql://u:***@h/db"],
    ["s3://bucket/a@b/c", "s3://bucket/a@b/c"],
    ["https://token@example.org/x", "https://***@example.org/x"],
    ["https://example.org/@user/x", "https://example.org/@user/x"],
    ['"postgres://u:p@h/db", next', '"postgres://u:***@h/db", next'],
  ];
  for (const [text, expected] of cases) assert.equal(redact(text), expected);
});

Deno.test("in artifacts the whole userinfo goes (PA9)", () => {
  assert.equal(redact("postgres://u:p@h/db", "artifact"), "postgres://REDACTED@h/db");
  assert.equal(redact("postgres://u@h/db", "artifact"), "postgres://REDACTED@h/db");
  assert.equal(redact("s3://bucket/prefix", "artifact"), "s3://bucket/prefix");
});

Deno.test("pairs, tokens and webhooks lose their value and keep their name", () => {
  const cases: [string, string][] = [
    ["host=h password=abc user=u", "host=h password=REDACTED user=u"],
    ["password = 'a b\\'c' x", "password = REDACTED x"],
    ["Password={a;b};Server=s", "Password=REDACTED;Server=s"],
    ["Server=s;Pwd=abc;", "Server=s;Pwd=REDACTED;"],
    ["PGPASSWORD=abc psql", "PGPASSWORD=REDACTED psql"],
    ["postgres://h/db?user=u&password=p%40q&x=1", "postgres://h/db?user=u&password=REDACTED&x=1"],
    ["sslpassword=k", "sslpassword=REDACTED"],
    [
      "https://a.blob.core.windows.net/c?sv=1&sig=ab%2Fc%3D&se=2",
      "https://a.blob.core.windows.net/c?sv=1&sig=REDACTED&se=2",
    ],
    [
      "AccountName=a;AccountKey=ab+/c==;EndpointSuffix=x",
      "AccountName=a;AccountKey=REDACTED;EndpointSuffix=x",
    ],
    ["https://h/k?X-Amz-Signature=0af&x=1", "https://h/k?X-Amz-Signature=REDACTED&x=1"],
    [
      "https://hooks.slack.com/services/T0/B0/xyz failed",
      "https://hooks.slack.com/services/REDACTED failed",
    ],
    ['{"password": "a\\"b", "user": "u"}', '{"password": "REDACTED", "user": "u"}'],
    ["{'password': 'abc', 'n': 1}", "{'password': \"REDACTED\", 'n': 1}"],
    // Cut off inside the quotes.
    ["password='abc def", "password=REDACTED"],
    ["the password: it is wrong", "the password: it is wrong"],
    ["password_env=DB_PASS", "password_env=DB_PASS"],
    ['password authentication failed for user "u"', 'password authentication failed for user "u"'],
    ["config=a big=b", "config=a big=b"],
  ];
  for (const [text, expected] of cases) assert.equal(redact(text), expected);
});

Deno.test("a registered secret is hidden in every spelling", () => {
  withSecrets(["p@ss w/ör'd\"%", "wJalrXUtnFEMI/K7MDENG"], () => {
    const secret = "p@ss w/ör'd\"%";
    const spellings = [
      secret,
      encodeURIComponent(secret),
      encodeURIComponent(secret).toLowerCase(),
      new URLSearchParams({ k: secret }).toString().slice(2),
      JSON.stringify(secret).slice(1, -1),
      secret.replaceAll("'", "''"),
    ];
    for (const text of spellings) {
      assert.equal(redact(`x=[${text}]!`), "x=[REDACTED]!", text);
    }
    assert.equal(redact("keywJalrXUtnFEMI/K7MDENGend"), "keyREDACTEDend");
  });
});

Deno.test("any registered secret is gone, raw, encoded and as JSON", () => {
  fc.assert(fc.property(
    fc.string({ minLength: 8, maxLength: 30, unit: "grapheme-ascii" }),
    fc.string({ maxLength: 10 }),
    (secret, around) => {
      fc.pre(!"REDACTED".includes(secret) && secret.trim() !== "");
      withSecrets([secret], () => {
        for (
          const form of [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]
        ) {
          const text = redact(`${around}|${form}|${around}`);
          assert.ok(!text.includes(`|${form}|`), text);
        }
      });
    },
  ));
});

Deno.test("a secret inside a longer one does not leave the rest of it", () => {
  withSecrets(["abcd", "xx-abcd-yy"], () => {
    assert.equal(redact("xx-abcd-yy abcd"), "REDACTED REDACTED");
  });
});

Deno.test("short and ordinary words are hidden by their place only", () => {
  withSecrets(["abc", "rivet", "pass", "lamp"], () => {
    assert.equal(redact("rivet: abc pass"), "rivet: abc pass");
    assert.equal(
      redact("postgres://u:abc@h/db password=rivet"),
      "postgres://u:***@h/db password=REDACTED",
    );
    // Short secrets are hidden as whole words.
    assert.equal(redact("lamp, lamppost, a%40lamp"), "REDACTED, lamppost, a%40REDACTED");
  });
  try {
    registerUrlSecret("postgres://shop:shop@h/shop");
    registerUrlSecret("postgres://shop:Tiger%21@h/shop");
    assert.equal(redact("shop Tiger! Tiger%21 xTiger!"), "shop REDACTED REDACTED xTiger!");
  } finally {
    forgetSecrets();
  }
});

Deno.test("redaction is idempotent and leaves text without secrets alone", () => {
  fc.assert(fc.property(fc.string(), (text) => {
    for (const style of ["log", "artifact"] as const) {
      const once = redact(text, style);
      assert.equal(redact(once, style), once);
    }
  }));
  const url = "u postgres://u:p@h/db?password=x https://hooks.slack.com/services/a/b";
  assert.equal(redact(redact(url)), redact(url));
  assert.equal(redact("rows: 150000  files: 1"), "rows: 150000  files: 1");
});

Deno.test("urlCredentials decodes what a URL names", () => {
  assert.deepEqual(urlCredentials("postgres://a%40b:p%2Fq@h:1/my%20db?x=1"), {
    user: "a@b",
    password: "p/q",
    database: "my db",
  });
  assert.deepEqual(urlCredentials("postgres://h/db"), {
    user: "",
    password: undefined,
    database: "db",
  });
  assert.deepEqual(urlCredentials("mysql://u:100%@h"), {
    user: "u",
    password: "100%",
    database: "",
  });
  assert.deepEqual(urlCredentials("nonsense"), { user: "", password: undefined, database: "" });
});

Deno.test("redactConfig drops secrets and keeps references and SQL (PA9)", () => {
  const config = {
    source: {
      type: "postgres",
      url: "postgres://u:p@h/db",
      password: "p",
      password_env: "DB_PASS",
      url_file: "/run/u:p@x",
    },
    exports: [{ name: "a", query: "SELECT 1 WHERE password = 'x'", days: 3, on: null }],
    notifications: {
      slack: { webhook_url: "https://x", webhook_url_env: "HOOK", on: ["failure"] },
    },
  };
  const before = structuredClone(config);
  assert.deepEqual(redactConfig(config), {
    source: {
      type: "postgres",
      url: "postgres://REDACTED@h/db",
      password_env: "DB_PASS",
      url_file: "/run/u:p@x",
    },
    exports: [{ name: "a", query: "SELECT 1 WHERE password = 'x'", days: 3, on: null }],
    notifications: { slack: { webhook_url_env: "HOOK", on: ["failure"] } },
  });
  assert.deepEqual(config, before);
});

/** A password as somebody may write it into a URL: anything but what ends a URL in a text. */
const rawPassword = fc.string({ minLength: 4, maxLength: 24, unit: "grapheme-ascii" })
  .map((text) => text.replace(/[\s"'<>`]/g, "?"));

Deno.test("no part of a URL's password is left over, whatever it is and without registering it", () => {
  fc.assert(fc.property(
    fc.constantFrom("postgres", "postgresql", "mysql", "mariadb", "sqlserver", "mssql"),
    rawPassword,
    fc.constantFrom("", "?sslmode=require", "?a=1&b=2"),
    (scheme, password, query) => {
      const text = redact(`cannot use ${scheme}://user:${password}@host:99/base${query}, it says`);
      assert.equal(text, `cannot use ${scheme}://user:***@host:99/base${query}, it says`);
    },
  ));
});

Deno.test("a password is hidden by itself only when it is long or random enough", () => {
  const cases: [string, string][] = [
    ["orders", "failed for orders"],
    ["customer_orders", "failed for customer_orders"],
    ["20260131", "rows: 20260131"],
    ["true", "true"],
  ];
  for (const [password, text] of cases) {
    try {
      registerPassword(password);
      assert.equal(redact(text), text);
      assert.equal(redact(`mysql://u:${password}@h`), "mysql://u:***@h");
      assert.equal(redact(`password=${password}`), "password=REDACTED");
    } finally {
      forgetSecrets();
    }
  }
  const hidden: [string, string, string][] = [
    ["hunter2", "it said hunter2.", "it said REDACTED."],
    ["Xy7!kq2P", "keyXy7!kq2Pend", "keyREDACTEDend"],
    ["correcthorsebatterystaple", "a correcthorsebatterystaple", "a REDACTED"],
  ];
  for (const [password, text, expected] of hidden) {
    try {
      registerPassword(password);
      assert.equal(redact(text), expected);
    } finally {
      forgetSecrets();
    }
  }
});

Deno.test("a name stays, also when it is the password or holds it", () => {
  try {
    registerPassword("Orders-2024x");
    assert.equal(redact("the table Orders-2024x."), "the table REDACTED.");
    registerNames(["Orders-2024x"]);
    assert.equal(redact("the table Orders-2024x."), "the table Orders-2024x.");
    assert.equal(redact("password=Orders-2024x"), "password=REDACTED");

    registerPassword("Sales2024!");
    registerNames(["Sales2024!_archive", "Sales_2024x"]);
    registerPassword("2024xSalesQ");
    registerNames(["my_2024xSalesQ_old"]);
    assert.equal(redact("dbo.my_2024xSalesQ_old: gone."), "dbo.my_2024xSalesQ_old: gone.");
    assert.equal(redact("it said 2024xSalesQ"), "it said REDACTED");
  } finally {
    forgetSecrets();
  }
});

Deno.test("redacted data keeps its keys, numbers and names", () => {
  try {
    registerSecret("150000000");
    registerSecret("duration_ms");
    registerSecret("Orders-2024x");
    const data = {
      rows: 150000000,
      duration_ms: 7,
      table: "Orders-2024x",
      query: "SELECT 'Orders-2024x'",
      error: "it said Orders-2024x, 150000000 and postgres://u:p@h/db",
      password: "p",
      list: [{ note: "duration_ms" }, null, true],
    };
    assert.deepEqual(JSON.parse(JSON.stringify(redactValue(data))), {
      ...data,
      error: "it said REDACTED, REDACTED and postgres://u:***@h/db",
      password: "REDACTED",
      list: [{ note: "REDACTED" }, null, true],
    });
    assert.deepEqual(redactValue(redactValue(data)), redactValue(data));
  } finally {
    forgetSecrets();
  }
});

Deno.test("redaction takes steps in proportion to the text", () => {
  const repeat = (unit: string, length: number) =>
    unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
  const units = [
    "a.",
    "a",
    "a:",
    "a://",
    "://",
    "a@",
    "postgres://u:",
    "postgres://u:p@h",
    "https://",
    "h://u:p@",
    "password=",
    "password={",
    "password='",
    'password="',
    '"password":',
    "password='\\'",
    "'",
    '"',
    "=",
    "= ",
    " =",
    " ",
    "%",
    "%2",
    "hooks.slack.com/services/",
    "hooks.slack.com/",
    "Zz9!Zz9!",
    "Ab1.Cd2.Ef3.Gh4.",
    "-",
  ];
  const steps = (text: string) => {
    const meter = { steps: 0 };
    redact(text, "log", meter);
    return meter.steps;
  };
  try {
    registerPassword("Zz9!Zz9!Zz9!Zz9!Zz9?");
    registerPassword("Qq8#abcdef");
    registerPassword("Ab1.Cd2.Ef3.Gh4");
    registerNames(["Zz9_table"]);
    for (const unit of units) {
      const [small, large] = [steps(repeat(unit, 30_000)), steps(repeat(unit, 240_000))];
      assert.ok(large < 200 * 240_000, `${JSON.stringify(unit)}: ${large} steps`);
      assert.ok(large <= 8.5 * small, `${JSON.stringify(unit)}: ${small}, then ${large} steps`);
    }
  } finally {
    forgetSecrets();
  }
});

Deno.test("an excerpt never shows the start of a secret that it would have cut", () => {
  const secret = "kXq7-a-long-secret-value-9f3b";
  withSecrets([secret], () => {
    for (let before = 0; before <= 40; before++) {
      const shown = excerpt(`${"x".repeat(before)}${secret} tail`, 40, "...");
      assert.equal(shown.includes(secret.slice(0, 6)), false, shown);
    }
  });
  assert.equal(excerpt("short", 5, "..."), "short");
  assert.equal(excerpt("longer", 5, "..."), "longe...");
});
