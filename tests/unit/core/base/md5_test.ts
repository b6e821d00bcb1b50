import { equal } from "node:assert/strict";
import { createHash } from "node:crypto";
import { Md5 } from "../../../../core/base/md5.ts";

const utf8 = new TextEncoder();

function first15(md5: Md5, message: Uint8Array): string {
  md5.reserve(message.length);
  md5.bytes.set(message);
  md5.digest(message.length);
  const hex = (n: number, digits: number) => n.toString(16).padStart(digits, "0");
  return hex(md5.first32, 8) + hex(md5.next28, 7);
}

Deno.test("md5: the test suite of RFC 1321", () => {
  const md5 = new Md5();
  const digests: Readonly<Record<string, string>> = {
    "": "d41d8cd98f00b204e9800998ecf8427e",
    "a": "0cc175b9c0f1b6a831c399e269772661",
    "abc": "900150983cd24fb0d6963f7d28e17f72",
    "message digest": "f96b697d7cb7938d525a2f31aaf161d0",
    "abcdefghijklmnopqrstuvwxyz": "c3fcd3d76192e4007dfb496cca67e13b",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789":
      "d174ab98d277d9f5a5611c2c9f419d9f",
    "12345678901234567890123456789012345678901234567890123456789012345678901234567890":
      "57edf4a22be3c955ac49da2e2107b67a",
  };
  for (const [message, digest] of Object.entries(digests)) {
    equal(first15(md5, utf8.encode(message)), digest.slice(0, 15), message);
  }
});

Deno.test("md5: every length around the block size, in a buffer that held longer messages", () => {
  const md5 = new Md5();
  const lengths = [...Array.from({ length: 200 }, (_, i) => i), 8191, 8192, 100_000];
  for (const length of lengths.reverse()) {
    const message = Uint8Array.from({ length }, (_, i) => (i * 31 + length) & 0xff);
    const expected = createHash("md5").update(message).digest("hex").slice(0, 15);
    equal(first15(md5, message), expected, `${length} bytes`);
  }
});
