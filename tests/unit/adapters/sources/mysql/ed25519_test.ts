import { deepEqual } from "node:assert/strict";
import { Buffer } from "node:buffer";
import { createHash, createPrivateKey, sign } from "node:crypto";
import { signWithPassword } from "../../../../../adapters/sources/mysql/ed25519.ts";

/** PKCS #8 of an Ed25519 key up to its 32 bytes. */
const PREFIX = Buffer.from("302e020100300506032b657004220420", "hex");

Deno.test("ed25519: with 32 bytes, the signature that the runtime makes", () => {
  for (let i = 0; i < 20; i++) {
    const seed = createHash("sha256").update(`seed ${i}`).digest();
    const message = Buffer.from("x".repeat(i * 7));
    const key = createPrivateKey({
      key: Buffer.concat([PREFIX, seed]),
      format: "der",
      type: "pkcs8",
    });
    deepEqual(Buffer.from(signWithPassword(seed, message)), sign(null, message, key));
  }
});
