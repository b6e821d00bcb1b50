import assert from "node:assert/strict";
import { parsePostgresUrl } from "../../../../core/config/postgres_parameters.ts";
import { PostgresUrlError } from "../../../../core/config/postgres_url.ts";

const login = (url: string) => {
  const { user, password, database } = parsePostgresUrl(url);
  return [user, password, database];
};
const hosts = (url: string) => parsePostgresUrl(url).hosts.map(({ host, port }) => [host, port]);

/** The error's whole text, which must not hold `secret`. */
function refused(url: string, secret?: RegExp): string {
  try {
    parsePostgresUrl(url);
  } catch (error) {
    assert.ok(error instanceof PostgresUrlError, String(error));
    const text = `${error.message} | ${error.hint}`;
    if (secret !== undefined) assert.doesNotMatch(text, secret);
    return text;
  }
  assert.fail(`accepted: ${url}`);
}

Deno.test("postgres url: parts are percent-decoded", () => {
  const url = "postgresql://us%40er:p%40ss%2Fw%3Ard%25@db.example.com:6543/my%20db";
  assert.deepEqual(login(url), ["us@er", "p@ss/w:rd%", "my db"]);
  assert.deepEqual(hosts(url), [["db.example.com", 6543]]);
});

Deno.test("postgres url: what is left out is null, or libpq's default", () => {
  assert.deepEqual(login("postgres://"), [null, null, null]);
  assert.deepEqual(hosts("postgres:///d"), [["localhost", 5432]]);
  assert.deepEqual(login("postgres://u@h"), ["u", null, null]);
  const url = parsePostgresUrl("postgres://u:p@h/d");
  assert.equal(url.ssl.mode, null);
  assert.equal(url.sessionKind, "any");
  assert.equal(url.channelBinding, "prefer");
  assert.deepEqual(url.warnings, []);
});

Deno.test("postgres url: passwords with characters that should have been encoded", () => {
  assert.deepEqual(login("postgres://user:12?Secret@host/db"), ["user", "12?Secret", "db"]);
  assert.deepEqual(login("postgres://user:a#b@host/db"), ["user", "a#b", "db"]);
  assert.deepEqual(login("postgres://user:aa@bb@host/db"), ["user", "aa@bb", "db"]);
  for (
    const url of [
      "postgres://user:aa@bb?Tail@host/db",
      "postgres://user:aa@bb?Tail=1@host/db",
      "postgres://user:aa@bb?x@Tail@host",
      "postgres://user:aa/Tail@host/db",
      "postgres://user:12/Tail@host/db",
      "postgres://user:aa@bb/Tail@host/db",
      "postgres://user:Tail%@host/db",
      "postgres://user:aa@Tail:x/db",
      "postgres://user:a[Tail@host:1:2/db",
    ]
  ) {
    assert.match(refused(url, /Tail/), /cannot be parsed|percent/, url);
  }
});

Deno.test("postgres url: a parameter that holds an @ is no password", () => {
  const url = "postgres://db.example.com?user=me@corp&password=p%26w&dbname=d";
  assert.deepEqual(login(url), ["me@corp", "p&w", "d"]);
  assert.deepEqual(hosts(url), [["db.example.com", 5432]]);
});

Deno.test("postgres url: sockets, IPv6 and several hosts", () => {
  assert.deepEqual(hosts("postgres://u@/db?host=/run/postgresql"), [["/run/postgresql", 5432]]);
  assert.deepEqual(hosts("postgres://u@%2Ftmp/db"), [["/tmp", 5432]]);
  assert.deepEqual(hosts("postgres://u@%2Ftmp:5433/db"), [["/tmp", 5433]]);
  assert.deepEqual(hosts("postgres://u@[2001:db8::1]:5433/db"), [["2001:db8::1", 5433]]);
  const several = "postgres://u@a:1,b,[::1]:3/db?target_session_attrs=read-write";
  assert.deepEqual(hosts(several), [["a", 1], ["b", 5432], ["::1", 3]]);
  assert.equal(parsePostgresUrl(several).sessionKind, "read-write");
  assert.deepEqual(hosts("postgres:///d?host=a,b&port=1,2"), [["a", 1], ["b", 2]]);
  assert.deepEqual(hosts("postgres:///d?host=a,b&port=7"), [["a", 7], ["b", 7]]);
  assert.match(refused("postgres:///d?host=a,b,c&port=1,2"), /3 hosts, but 2 ports/);
  assert.match(refused("postgres://h:70000/d"), /port=70000.*up to 65535/);
});

Deno.test("postgres url: libpq's parameters", () => {
  const url = parsePostgresUrl(
    "postgresql://u@h/db?sslmode=verify-full&sslrootcert=/ca.pem&sslcert=/c.pem&sslkey=/k.pem" +
      "&channel_binding=require&keepalives=0&keepalives_idle=30&tcp_user_timeout=10000" +
      "&client_encoding=auto&gssencmode=disable&connect_timeout=7&application_name=etl" +
      "&options=-csearch_path%3Dsales&passfile=/p&require_auth=scram-sha-256,md5" +
      "&sslnegotiation=direct&ssl_min_protocol_version=TLSv1.3&sslpassword=k",
  );
  assert.deepEqual(url.ssl, {
    mode: "verify-full",
    rootCert: "/ca.pem",
    cert: "/c.pem",
    key: "/k.pem",
    password: "k",
    direct: true,
    minVersion: "TLSv1.3",
  });
  assert.equal(url.channelBinding, "require");
  assert.equal(url.keepAlive, false);
  assert.equal(url.connectTimeoutS, 7);
  assert.equal(url.applicationName, "etl");
  assert.equal(url.options, "-csearch_path=sales");
  assert.equal(url.passFile, "/p");
  assert.deepEqual([...url.requireAuth ?? []].sort(), ["md5", "scram-sha-256"]);
  assert.equal(url.warnings.length, 1);
  assert.match(url.warnings[0], /keepalives_idle, tcp_user_timeout have no effect/);
  const balanced = (how: string) => parsePostgresUrl(`postgres://a,b/?load_balance_hosts=${how}`);
  assert.match(balanced("random").warnings[0], /load_balance_hosts has no effect.*in their order/);
  assert.deepEqual(balanced("disable").warnings, []);
  assert.equal(parsePostgresUrl("postgres://h?ssl=true").ssl.mode, "require");
  assert.equal(parsePostgresUrl("postgres://h?connect_timeout=0").connectTimeoutS, null);
  const refusing = parsePostgresUrl("postgres://h?require_auth=!password,!md5").requireAuth;
  assert.deepEqual([refusing?.has("md5"), refusing?.has("scram-sha-256")], [false, true]);
});

Deno.test("postgres url: an unknown parameter is warned of; one about security is refused", () => {
  const { warnings } = parsePostgresUrl("postgres://u@h/db?pgbouncer=true&schema=public");
  assert.deepEqual(warnings.map((line) => /parameter (\w+)/.exec(line)?.[1]), [
    "pgbouncer",
    "schema",
  ]);
  for (const name of ["sslcrl", "sslcertmode", "requirepeer", "service", "scram_client_key"]) {
    assert.match(refused(`postgres://u@h/db?${name}=x`), new RegExp(name));
  }
  assert.match(refused("postgres://u@h/db?gssencmode=require"), /gssencmode=require/);
});

Deno.test("postgres url: values that are not known are said with the known ones", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["sslmode=maybe", /sslmode=maybe.*verify-full/],
    ["target_session_attrs=master", /target_session_attrs=master.*primary/],
    ["channel_binding=on", /channel_binding=on.*require/],
    ["connect_timeout=soon", /connect_timeout=soon/],
    ["require_auth=!md5,password", /require_auth/],
    ["sslcert=/c.pem", /sslcert without sslkey/],
    ["sslmode=prefer&sslrootcert=system", /sslrootcert=system with sslmode=prefer/],
  ];
  for (const [parameters, message] of cases) {
    assert.match(refused(`postgres://u@h/db?${parameters}`), message);
  }
  assert.doesNotMatch(refused("postgres://u@h/db?sslmode=p%40ss"), /p@ss/);
});

Deno.test("postgres url: forms of other tools are refused with what to write", () => {
  assert.match(refused("postgresql+psycopg2://u:s3cret@h/d", /s3cret/), /Leave \+psycopg2 out/);
  assert.match(refused("jdbc:postgresql://h/d?user=u"), /jdbc:postgresql.*Leave jdbc: out/);
  assert.match(refused("mysql://u:s3cret@h/d", /s3cret/), /starts with mysql:\/\//);
  assert.match(refused("u:s3cret@h/db", /s3cret/), /has no scheme/);
  assert.deepEqual(hosts(" POSTGRESQL://h/d\n"), [["h", 5432]]);
});

Deno.test("postgres url: its location holds neither password nor parameters", () => {
  const location = (url: string) => parsePostgresUrl(url).location;
  assert.equal(location("postgres://u:se%20cret@h:1/d?sslpassword=x"), "postgresql://u:***@h:1/d");
  assert.equal(location("postgres://u@[::1]:5433/d"), "postgresql://u@[::1]:5433/d");
  assert.equal(location("postgres:///d?host=/tmp"), "postgresql:///d");
});
