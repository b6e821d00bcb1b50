/** Reads what a server sends over TLS and throws it away: `deno run -A bench/drop_bytes.ts <port>`. */
const connection = await Deno.connectTls({
  hostname: "127.0.0.1",
  port: Number(Deno.args[0]),
});
const bytes = new Uint8Array(128 * 1024);
while (await connection.read(bytes) !== null);
