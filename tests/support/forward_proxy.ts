/** A small HTTP proxy: CONNECT tunnels, and requests in the absolute form, for who knows the password. */
import { Buffer } from "node:buffer";

export interface ForwardProxy {
  readonly port: number;
  /** `METHOD target` of every request that it let through. */
  readonly requests: readonly string[];
  stop(): Promise<void>;
}

/** @param onlyPort of this machine, where every request ends up, whatever host it is for. */
export function startForwardProxy(userAndPassword: string, onlyPort?: number): ForwardProxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const requests: string[] = [];
  const open = new Set<Deno.Conn>();
  const wanted = `proxy-authorization: basic ${Buffer.from(userAndPassword).toString("base64")}`;
  const handle = async (client: Deno.Conn) => {
    let server: Deno.Conn | null = null;
    try {
      const { text, rest } = await readHead(client);
      const [method, target] = text.split(" ", 2);
      const authorized = text.split("\r\n").some((line) =>
        line.toLowerCase() === wanted.toLowerCase()
      );
      if (!authorized) {
        return await write(client, "HTTP/1.1 407 Who is it\r\ncontent-length: 0\r\n\r\n");
      }
      requests.push(`${method} ${target}`);
      const url = new URL(method === "CONNECT" ? `tcp://${target}` : target);
      const hostname = onlyPort !== undefined || url.hostname === "localhost"
        ? "127.0.0.1"
        : url.hostname;
      server = await Deno.connect({ hostname, port: onlyPort ?? Number(url.port) });
      open.add(server);
      if (method === "CONNECT") await write(client, "HTTP/1.1 200 Connected\r\n\r\n");
      else await write(server, text.replace(target, url.pathname + url.search) + "\r\n\r\n");
      await server.write(rest);
      await Promise.race([pass(client, server), pass(server, client)]);
    } catch {
      // A side that went away.
    } finally {
      for (const connection of [client, server]) close(connection);
    }
  };
  const serving = (async () => {
    const all: Promise<void>[] = [];
    for await (const client of listener) {
      open.add(client);
      all.push(handle(client));
    }
    await Promise.all(all);
  })();
  return {
    port: listener.addr.port,
    requests,
    stop: async () => {
      listener.close();
      for (const connection of open) close(connection);
      await serving;
    },
  };
}

async function readHead(client: Deno.Conn): Promise<{ text: string; rest: Uint8Array }> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (;;) {
    const end = Buffer.from(bytes).indexOf("\r\n\r\n");
    if (end >= 0) {
      return { text: new TextDecoder().decode(bytes.subarray(0, end)), rest: bytes.slice(end + 4) };
    }
    const chunk = new Uint8Array(64 * 1024);
    const read = await client.read(chunk);
    if (read === null) throw new Error("no request");
    bytes = new Uint8Array(Buffer.concat([bytes, chunk.subarray(0, read)]));
  }
}

async function pass(from: Deno.Conn, to: Deno.Conn): Promise<void> {
  const buffer = new Uint8Array(64 * 1024);
  for (let read = await from.read(buffer); read !== null; read = await from.read(buffer)) {
    for (let at = 0; at < read;) at += await to.write(buffer.subarray(at, read));
  }
}

async function write(to: Deno.Conn, text: string): Promise<void> {
  await to.write(new TextEncoder().encode(text));
}

function close(connection: Deno.Conn | null): void {
  try {
    connection?.close();
  } catch {
    // Closed already.
  }
}
