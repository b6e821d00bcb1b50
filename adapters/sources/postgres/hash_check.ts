/** Whether a server's hash functions are those that are made here. */
import type { Connection } from "./connection.ts";

const HASH_FUNCTIONS = [
  "hashint2extended",
  "hashint4extended",
  "hashint8extended",
  "hashoidextended",
  "timestamp_hash_extended",
  "hash_numeric_extended",
  "hashtextextended",
  "uuid_hash_extended",
  "hash_array_extended",
];

/** What a server answers whose functions are those that are made here. */
const KNOWN: readonly (readonly [sql: string, hash: string])[] = [
  [`pg_catalog.hashint8extended(-81985529216486895, 77)`, "1493676383006696913"],
  [
    `pg_catalog.hashtextextended('eighteen bytes here' COLLATE pg_catalog."C", 77)`,
    "4462837156956109792",
  ],
  [`pg_catalog.hash_numeric_extended(-1234567.89, 77)`, "-8568473412036507257"],
];

async function check(connection: Connection): Promise<boolean> {
  // Text is hashed as the database stores it.
  if (connection.serverEncoding !== "UTF8") return false;
  const names = HASH_FUNCTIONS.map((name) => `'${name}'`).join(", ");
  const [[found]] = await connection.rows(
    `SELECT count(DISTINCT proname) FROM pg_catalog.pg_proc WHERE proname IN (${names}) ` +
      `AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace`,
  );
  if (Number(found) !== HASH_FUNCTIONS.length) return false;
  const [answers] = await connection.rows(`SELECT ${KNOWN.map(([sql]) => sql).join(", ")}`);
  return KNOWN.every(([, hash], i) => answers[i] === hash);
}

const checked = new WeakMap<Connection, boolean>();

/** Asked once of a connection: other servers of this protocol, and big-endian ones, hash otherwise. */
export async function hashesAlike(connection: Connection): Promise<boolean> {
  const known = checked.get(connection);
  if (known !== undefined) return known;
  const alike = await check(connection);
  checked.set(connection, alike);
  return alike;
}
