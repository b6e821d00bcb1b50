/** The scripted server really does what its traits say: otherwise the tests under them say nothing. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { column } from "../../../../support/tds/script.ts";
import { colMetadata, loginTokens, row } from "../../../../support/tds/tokens.ts";
import { SINGLE_TRAITS } from "../../../../support/tds/traits.ts";
import { types as t } from "../../../../support/tds/types.ts";

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

/** The bytes that a trait has to bring about, in COLMETADATA, a row, or the answer to a login. */
const MARKS: Readonly<Record<string, readonly string[]>> = {
  // Flags 0x0009, then int as IntN of four bytes.
  nullableForms: ["0900" + "2604"],
  sqlCollation: ["0904d00034"],
  // NumericN of 17 bytes at most; a value of five.
  shortDecimals: ["6c110a02", "05017b000000"],
  mixedRows: ["d2"],
  // A total of 40,000 bytes, then a piece of 32,000.
  largePieces: ["409c000000000000" + "007d0000"],
  namedLobs: ["02" + "0300" + hex(Buffer.from("dbo", "utf16le"))],
  loginCollation: ["e3080007050904d0"],
};

const COLUMNS = [
  column("i", t.intNotNull(), false),
  column("s", t.nvarchar(10)),
  column("d", t.decimal(10, 2)),
  column("m", t.varbinaryMax()),
  column("o", t.text()),
];
const CELLS = [1, null, "1.23", new Uint8Array(40_000), "x"];

Deno.test("traits: each changes the bytes that are sent, and no other does", () => {
  for (const { name, traits } of SINGLE_TRAITS) {
    const sent = hex(Buffer.concat([
      colMetadata(COLUMNS, traits),
      row(COLUMNS, CELLS, traits),
      loginTokens("shop", 4096, traits),
    ]));
    for (const [trait, marks] of Object.entries(MARKS)) {
      for (const mark of marks) {
        assert.equal(sent.includes(mark), trait === name, `${name} ${mark}`);
      }
    }
    const packetSize = hex(Buffer.from("4096", "utf16le"));
    assert.equal(sent.includes(`e3130004${"04"}${packetSize}`), name !== "quietPackets");
  }
});
