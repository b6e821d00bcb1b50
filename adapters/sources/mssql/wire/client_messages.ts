/** What the client says. [MS-TDS] 2.2.6.4 (LOGIN7), 2.2.6.5 (PRELOGIN), 2.2.6.7 (SQL batch) */
import { Buffer } from "node:buffer";

/** The largest packet that the protocol has. */
export const MAX_PACKET_BYTES = 32_767;

const VERSION_7_4 = 0x7400_0004;
const ENGLISH = 0x0409;

/** What a PRELOGIN says of encryption. */
export const ENCRYPTION = { off: 0, on: 1, notSupported: 2, required: 3 } as const;

const PRELOGIN = {
  version: 0,
  encryption: 1,
  instance: 2,
  threadId: 3,
  mars: 4,
  terminator: 0xff,
} as const;
const OPTION_BYTES = 5;

/** @param encrypt within TDS; false where TLS is below it already. */
export function prelogin(encrypt: boolean): Uint8Array {
  const options: readonly (readonly [number, readonly number[]])[] = [
    [PRELOGIN.version, [1, 0, 0, 0, 0, 0]],
    [PRELOGIN.encryption, [encrypt ? ENCRYPTION.on : ENCRYPTION.notSupported]],
    [PRELOGIN.instance, [0]],
    [PRELOGIN.threadId, [0, 0, 0, 0]],
    [PRELOGIN.mars, [0]],
  ];
  const head: number[] = [];
  const data: number[] = [];
  const first = options.length * OPTION_BYTES + 1;
  for (const [token, value] of options) {
    const offset = first + data.length;
    head.push(token, offset >> 8, offset & 0xff, 0, value.length);
    data.push(...value);
  }
  return Uint8Array.from([...head, PRELOGIN.terminator, ...data]);
}

/** What the server says of encryption; null when it says nothing that can be understood. */
export function encryptionOf(answer: Uint8Array): number | null {
  for (let at = 0; at + OPTION_BYTES <= answer.length; at += OPTION_BYTES) {
    if (answer[at] === PRELOGIN.terminator) return null;
    if (answer[at] !== PRELOGIN.encryption) continue;
    const offset = (answer[at + 1] << 8) | answer[at + 2];
    const length = (answer[at + 3] << 8) | answer[at + 4];
    return length === 1 && offset < answer.length ? answer[offset] : null;
  }
  return null;
}

/** Who logs in, and to what. */
export interface LoginData {
  readonly user: string;
  readonly password: string;
  readonly database: string;
  readonly application: string;
  /** As this side calls it. */
  readonly server: string;
  readonly clientHost: string;
  readonly clientPid: number;
  /** Minutes, as `Date.getTimezoneOffset` has them. */
  readonly timeZone: number;
  readonly readOnly: boolean;
}

/** Of the fixed part, behind which the texts stand. */
const LOGIN_BYTES = 94;
const LIBRARY = "Rivet";
const LANGUAGE = "us_english";

/** No bulk copies, USE and a language that fails told of, a database that cannot be used refused. */
const FLAGS_1 = 0x10 | 0x20 | 0x40 | 0x80;
const READ_ONLY = 0x20;
/** Collations that this side does not know, and features at the end. */
const FLAGS_3 = 0x08 | 0x10;
/** char and varchar may be UTF-8, and nothing else is asked for. */
const FEATURES = [0x0a, 1, 0, 0, 0, 1, 0xff];
const CLIENT_ID = [1, 2, 3, 4, 5, 6];

const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");

/** So that nobody reads it over a shoulder; what keeps it is TLS. */
function scrambled(password: string): Buffer {
  const bytes = utf16(password);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (((bytes[i] & 0x0f) << 4) | (bytes[i] >> 4)) ^ 0xa5;
  }
  return bytes;
}

/** LOGIN7, of TDS 7.4. */
export function login7(data: LoginData): Uint8Array {
  const fixed = Buffer.alloc(LOGIN_BYTES);
  const texts: Buffer[] = [];
  let offset = LOGIN_BYTES;
  let at = fixed.writeUInt32LE(VERSION_7_4, 4);
  at = fixed.writeUInt32LE(MAX_PACKET_BYTES, at);
  at = fixed.writeUInt32LE(0, at);
  at = fixed.writeUInt32LE(data.clientPid, at);
  at = fixed.writeUInt32LE(0, at);
  for (const flags of [FLAGS_1, 0, data.readOnly ? READ_ONLY : 0, FLAGS_3]) {
    at = fixed.writeUInt8(flags, at);
  }
  at = fixed.writeInt32LE(data.timeZone, at);
  at = fixed.writeUInt32LE(ENGLISH, at);
  const put = (bytes: Buffer, length = bytes.length / 2) => {
    at = fixed.writeUInt16LE(offset, at);
    at = fixed.writeUInt16LE(length, at);
    offset += bytes.length;
    texts.push(bytes);
  };
  put(utf16(data.clientHost));
  put(utf16(data.user));
  put(scrambled(data.password));
  put(utf16(data.application));
  put(utf16(data.server));
  const features = Buffer.alloc(4);
  put(features, features.length);
  put(utf16(LIBRARY));
  put(utf16(LANGUAGE));
  put(utf16(data.database));
  fixed.set(CLIENT_ID, at);
  at += CLIENT_ID.length;
  // Integrated security, a file to attach, a new password: none.
  for (let i = 0; i < 3; i++) put(Buffer.alloc(0));
  features.writeUInt32LE(offset);
  const login = Buffer.concat([fixed, ...texts, Buffer.from(FEATURES)]);
  login.writeUInt32LE(login.length);
  return login;
}

/** What every session begins with: what ANSI says, and dates that are read as they are written. */
export const INITIAL_SQL: string = [
  "set ansi_nulls on",
  "set ansi_null_dflt_on on",
  "set ansi_padding on",
  "set ansi_warnings on",
  "set arithabort on",
  "set concat_null_yields_null on",
  "set datefirst 7",
  "set dateformat ymd",
  "set implicit_transactions off",
  `set language ${LANGUAGE}`,
  "set numeric_roundabort off",
  "set quoted_identifier on",
  "set textsize 2147483647",
  "set transaction isolation level read committed",
  "set xact_abort off",
].join("\n");

const TRANSACTION_HEADER = 2;

/** @param transaction the descriptor of the one that is open; eight zeros for none. */
export function sqlBatch(sql: string, transaction: Uint8Array): Uint8Array {
  const headers = Buffer.alloc(22);
  headers.writeUInt32LE(22, 0);
  headers.writeUInt32LE(18, 4);
  headers.writeUInt16LE(TRANSACTION_HEADER, 8);
  headers.set(transaction, 10);
  // Requests of this session that are under way.
  headers.writeUInt32LE(1, 18);
  return Buffer.concat([headers, utf16(sql)]);
}
