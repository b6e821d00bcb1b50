/** Rows that are taken from the driver's bytes, against those that the driver parses from the same. */
import { deepEqual, equal, match, ok } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";
import fc from "fast-check";
import mysql from "mysql2";
import { type Kernel, kernels } from "../../../../../adapters/sources/mysql/kernel/kernel.ts";
import { RowTap } from "../../../../../adapters/sources/mysql/row_tap.ts";
import { drainBuffers, dropBuffers } from "../../../../../core/batch/buffers.ts";
import { PacketError, RowPackets } from "../../../../../adapters/sources/mysql/rows.ts";
import { copyForDriver } from "../../../../../adapters/sources/mysql/socket.ts";
import { asPackets, type Field, rowPayload } from "../../../../support/mysql_packets.ts";

const MB = 1024 * 1024;
const FULL_PACKET = 0xff_ffff;
const utf8 = new TextEncoder();
const zeros = (length: number) => new Uint8Array(length);

function joined(...pieces: readonly (string | Uint8Array | number[])[]): Uint8Array {
  return Uint8Array.from(pieces.flatMap((piece) => [
    ...(typeof piece === "string" ? utf8.encode(piece) : piece),
  ]));
}

/** PROTOCOL_41, SECURE_CONNECTION and PLUGIN_AUTH. */
const GREETING = joined(
  [10],
  "8.0.0\0",
  [1, 0, 0, 0],
  "saltsalt\0",
  [0x00, 0x82, 45, 2, 0, 0x08, 0, 21],
  zeros(10),
  "saltsaltsalt\0mysql_native_password\0",
);
const OK = Uint8Array.of(0, 0, 0, 2, 0, 0, 0);
const MORE_RESULTS = 8;
const eof = (status = 0) => Uint8Array.of(0xfe, 0, 0, status, 0);
const FAILURE = joined([0xff, 0x25, 0x05], "#70100Query execution was interrupted");

const columnDefinition = (name: string) =>
  joined(
    rowPayload(["def", "", "", "", name, name]),
    [0x0c, 63, 0, 0, 1, 0, 0, 0xfd, 0, 0, 0, 0, 0],
  );

interface Result {
  readonly columns: number;
  readonly rows: readonly (readonly Field[])[];
}

function resultPayloads({ columns, rows }: Result, last: Uint8Array): Uint8Array[] {
  const definitions = Array.from({ length: columns }, (_, i) => columnDefinition(`c${i}`));
  return [Uint8Array.of(columns), ...definitions, eof(), ...rows.map(rowPayload), last];
}

/** The answer to a statement: results, each with the note that another follows, and how it ends. */
function answerOf(results: readonly Result[], last: Uint8Array): Uint8Array {
  const payloads = results.flatMap((result, i) =>
    resultPayloads(result, i === results.length - 1 ? last : eof(MORE_RESULTS))
  );
  return asPackets(payloads, 1);
}

type Seen = (string | (string | null)[])[];

interface Driver extends mysql.Connection {
  readonly packetParser: { execute(bytes: Uint8Array): void };
}

/** mysql2 after its login, without a socket: bytes are put into its parser. */
function loggedIn(): Driver {
  const stream = new Duplex({ read() {}, write: (_bytes, _encoding, done) => done() });
  const driver = mysql.createConnection({
    stream,
    user: "u",
    password: "p",
    rowsAsArray: true,
    typeCast: false,
  }) as Driver;
  driver.on("error", () => {});
  driver.on("warn", (warning: Error) => {
    throw warning;
  });
  driver.packetParser.execute(Buffer.from(asPackets([GREETING])));
  driver.packetParser.execute(Buffer.from(asPackets([OK], 2)));
  return driver;
}

const shown = (value: Uint8Array | null) => value === null ? null : value.toHex();

function watch(query: mysql.Query, seen: Seen): void {
  query.on(
    "fields",
    (fields: readonly { readonly name: string }[]) => seen.push(fields.map(({ name }) => name)),
  );
  query.on("error", (error: Error) => seen.push(error.message));
  query.on("end", () => seen.push("end"));
}

function cut(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const edges = [0, ...cuts.map((n) => n % bytes.length).toSorted((a, b) => a - b), bytes.length];
  return edges.slice(1).map((to, i) => bytes.subarray(edges[i], to)).filter(({ length }) => length);
}

/** What the driver makes of an answer by itself. */
function parsed(driver: Driver, answer: Uint8Array): Seen {
  const seen: Seen = [];
  const query = driver.query("SELECT 1");
  watch(query, seen);
  query.on("result", (row: unknown) => seen.push((row as (Uint8Array | null)[]).map(shown)));
  driver.packetParser.execute(Buffer.from(answer));
  return seen;
}

interface Tapped {
  readonly seen: Seen;
  readonly failures: unknown[];
  readonly lost: Error[];
}

/** In whose memory most tests receive rows. */
const kernel = kernels.open();
ok(kernel !== null, "no WebAssembly here");

/** The same with its rows taken from it. */
function tapped(
  driver: Driver,
  pieces: Iterable<Uint8Array>,
  columns: number,
  within: Kernel | null = kernel,
): Tapped {
  const seen: Seen = [];
  const failures: unknown[] = [];
  const lost: Error[] = [];
  const columnNames = Array.from({ length: columns }, (_, i) => `c${i}`);
  const packets = new RowPackets({ columnNames, maxValueBytes: 64 * MB }, within);
  const query = driver.query("SELECT 1");
  const taker = {
    packets,
    rows: ({ block, rows }: ReturnType<RowPackets["take"]>) => {
      const { bytes, positions, lengths, stride } = block;
      for (let r = 0; r < rows; r++) {
        seen.push(columnNames.map((_, c) => {
          const at = positions[c * stride + r];
          const length = lengths[c * stride + r];
          return length < 0 ? null : bytes.subarray(at, at + length).toHex();
        }));
      }
    },
    failed: (error: unknown) => failures.push(error),
  };
  const tap = new RowTap(driver, query, taker, (error) => lost.push(error));
  watch(query, seen);
  query.on("result", () => seen.push("a row of the driver"));
  query.on("end", () => tap.remove());
  for (const piece of pieces) driver.packetParser.execute(piece);
  return { seen, failures, lost };
}

const field = fc.oneof(
  { weight: 2, arbitrary: fc.constant(null) },
  { weight: 6, arbitrary: fc.uint8Array({ maxLength: 12 }) },
  { weight: 1, arbitrary: fc.integer({ min: 245, max: 70_000 }).map((n) => zeros(n).fill(0xfe)) },
);
const result = (columns: number): fc.Arbitrary<Result> =>
  fc.record({
    columns: fc.constant(columns),
    rows: fc.array(fc.array(field, { minLength: columns, maxLength: columns }), { maxLength: 400 }),
  });

const PLACES = [["a buffer", null], ["a kernel", kernel]] as const;

/** What is done in either place. */
function inBoth(name: string, test: (within: Kernel | null) => void): void {
  for (const [where, within] of PLACES) Deno.test(`${name}, in ${where}`, () => test(within));
}

inBoth("tap: rows cut anywhere are those that the driver parses", (within) => {
  const plain = loggedIn();
  const driver = loggedIn();
  const answers = fc.integer({ min: 1, max: 5 }).chain((columns) =>
    fc.record({
      results: fc.array(result(columns), { minLength: 1, maxLength: 2 }),
      fails: fc.boolean(),
      cuts: fc.array(fc.nat(), { maxLength: 30 }),
    })
  );
  fc.assert(
    fc.property(answers, ({ results, fails, cuts }) => {
      const answer = answerOf(results, fails ? FAILURE : eof());
      const [{ columns }] = results;
      const { seen, failures, lost } = tapped(driver, cut(answer, cuts), columns, within);
      deepEqual(seen, parsed(plain, answer));
      deepEqual([failures, lost], [[], []]);
    }),
    { numRuns: 150 },
  );
});

inBoth("tap: rows that come a byte at a time", (within) => {
  const rows = Array.from({ length: 300 }, (_, i) => [i % 3 === 0 ? null : String(i), "x"]);
  const answer = answerOf([{ columns: 2, rows }], eof());
  const pieces = Array.from(answer, (_, i) => answer.subarray(i, i + 1));
  deepEqual(tapped(loggedIn(), pieces, 2, within).seen, parsed(loggedIn(), answer));
});

/** Payloads of one column: its length takes nine bytes. */
const LARGE = [FULL_PACKET - 9, FULL_PACKET - 8, FULL_PACKET + 3, 2 * FULL_PACKET - 9];

Deno.test("tap: rows of several packets, and what follows them", () => {
  for (const length of LARGE) {
    // Bytes that would be an end or an error at the start of a packet.
    const large = zeros(length).fill(0xfe);
    const rows = [["a"], [large], [null], [zeros(300)]];
    const answer = answerOf([{ columns: 1, rows }], eof());
    const edge = answer.length - length;
    const pieces = cut(answer, [edge, 40, FULL_PACKET + 60, FULL_PACKET + 61, FULL_PACKET + 62]);
    deepEqual(tapped(loggedIn(), pieces, 1).seen, parsed(loggedIn(), answer), `${length}`);
  }
});

Deno.test("tap: a value above the limit is told before it has come, and all behind it dropped", () => {
  for (const length of [MB, FULL_PACKET + 3, 2 * FULL_PACKET + 5]) {
    const rows = [["a"], [zeros(length).fill(0xff)], ["b"]];
    const answer = answerOf([{ columns: 1, rows }], eof());
    const driver = loggedIn();
    let given = 0;
    const failures: unknown[] = [];
    const pieces = function* () {
      for (let at = 0; at < answer.length; at += 65_536) {
        if (failures.length === 0) given = at;
        yield answer.subarray(at, at + 65_536);
      }
    };
    const columnNames = ["c0"];
    const packets = new RowPackets({ columnNames, maxValueBytes: 1000 }, kernel);
    const query = driver.query("SELECT 1");
    const seen: Seen = [];
    const taker = {
      packets,
      rows: () => void seen.push("rows"),
      failed: (error: unknown) => void failures.push(error),
    };
    new RowTap(driver, query, taker, (error) => failures.push(error));
    query.on("end", () => seen.push("end"));
    for (const piece of pieces()) driver.packetParser.execute(piece);
    deepEqual(seen.at(-1), "end");
    equal(failures.length, 1);
    match(String(failures[0]), /"c0" holds a value of/);
    ok(given <= 65_536, `told after ${given} bytes`);
    ok(packets.capacity < MB, `${packets.capacity} bytes are held`);
  }
});

Deno.test("tap: a row of fewer or more fields is told once, and the driver goes on", () => {
  for (const odd of [["1"], ["1", "2", "3"]]) {
    const rows = [["1", "2"], odd, ["1", "2"], odd];
    const answer = answerOf([{ columns: 2, rows }], eof());
    const { seen, failures } = tapped(loggedIn(), [answer], 2);
    equal(failures.length, 1);
    match(String(failures[0]), /other columns than described/);
    equal(seen.at(-1), "end");
  }
});

Deno.test("tap: packets out of order end the connection", () => {
  const rows = [["1"], ["2"], ["3"]];
  const answer = answerOf([{ columns: 1, rows }], eof());
  // The second row's header is behind count, column, end of columns and a row of two bytes.
  const second = answer.length - 2 * 6 - 9;
  equal(answer[second + 3], 5);
  answer[second + 3] = 9;
  const { seen, lost } = tapped(loggedIn(), [answer], 1);
  ok(lost[0] instanceof PacketError);
  equal(lost.length, 1);
  equal(seen.includes("end"), false);
});

Deno.test("tap: what the driver was given in part stays as it was, though reads go into one buffer", () => {
  const answer = answerOf([{ columns: 2, rows: [["1", "a"], [null, "b"]] }], eof());
  const driver = loggedIn();
  copyForDriver(driver);
  const seen: Seen = [];
  const query = driver.query("SELECT 1");
  watch(query, seen);
  query.on("result", (row: unknown) => seen.push((row as (Uint8Array | null)[]).map(shown)));
  const buffer = new Uint8Array(7);
  for (let at = 0; at < answer.length; at += buffer.length) {
    const piece = answer.subarray(at, at + buffer.length);
    buffer.set(piece);
    driver.packetParser.execute(buffer.subarray(0, piece.length));
    buffer.fill(0x2a);
  }
  deepEqual(seen, parsed(loggedIn(), answer));
});

inBoth(
  "packets: what a statement has left is the next one's place, and late bytes do no harm",
  (within) => {
    dropBuffers();
    const columnNames = Array.from({ length: 8 }, (_, i) => `c${i}`);
    const packets = new RowPackets({ columnNames, maxValueBytes: 1000 }, within);
    const { block } = packets.take();
    equal(block.kernel, within);
    packets.release();
    packets.release();
    // A kernel's memory is its own.
    equal(block.positions.length > 0, within !== null);
    equal(drainBuffers().length, within === null ? 2 : 0);
    // A packet of one byte: what comes late is read, or dropped, as before, and somewhere else.
    within?.input.fill(7);
    packets.append(Uint8Array.of(1, 0, 0, 0, 42));
    deepEqual([...packets.takePacket() ?? []], [1, 0, 0, 0, 42]);
    packets.append(Uint8Array.of(1, 0, 0));
    equal(packets.layOut(), "short");
    equal(packets.take().block.kernel, null);
    ok(within?.input.every((byte) => byte === 7) ?? true);
  },
);
