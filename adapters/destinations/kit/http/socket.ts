/** Byte streams to a server: TCP, or TLS over it, straight or through a proxy's tunnel. */
import type { ByteSocket, SocketOptions } from "./byte_socket.ts";
import type { HttpAnswer, Origin } from "./message.ts";

/** Asks a proxy over a fresh connection for a tunnel. */
export type OpenTunnel = (proxy: ByteSocket) => Promise<HttpAnswer>;

export async function openSocket(
  origin: Origin,
  via: { readonly proxy: Origin; readonly tunnel: OpenTunnel } | null,
  options: SocketOptions,
): Promise<ByteSocket> {
  try {
    const socket = await connect(origin, via, options);
    return origin.secure ? await secured(socket, origin, options) : socket;
  } catch (error) {
    // The certificate is trusted as it stands, and is an authority's own, as many make them for one
    // server: the runtime's sockets refuse those, its other ones do not.
    const own = /CaUsedAsEndEntity/.test(String(error)) && options.caCerts.length > 0;
    if (!own || via !== null) throw error;
    const { openNodeTls }: typeof import("./node_tls.ts") = await import("./node_tls.ts" as string);
    return await openNodeTls(origin, options);
  }
}

async function connect(
  origin: Origin,
  via: { readonly proxy: Origin; readonly tunnel: OpenTunnel } | null,
  { signal }: SocketOptions,
): Promise<Deno.TcpConn> {
  const { hostname, port } = via?.proxy ?? origin;
  const socket = await Deno.connect({ hostname, port, signal });
  try {
    socket.setNoDelay(true);
    if (via !== null && origin.secure) await requireTunnel(await via.tunnel(socket));
    return socket;
  } catch (error) {
    closeQuietly(socket);
    throw error;
  }
}

async function secured(
  socket: Deno.TcpConn,
  { hostname }: Origin,
  { caCerts, signal }: SocketOptions,
): Promise<ByteSocket> {
  const secure = await Deno.startTls(socket, { hostname, caCerts: [...caCerts] });
  const onAbort = () => closeQuietly(secure);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    await secure.handshake();
    return secure;
  } catch (error) {
    closeQuietly(secure);
    throw error;
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

function requireTunnel({ status }: HttpAnswer): void {
  if (status < 200 || status >= 300) throw new ProxyRefusal(status);
}

/** A proxy's answer in place of the store's. */
export class ProxyRefusal extends Error {
  readonly code: "PROXY_AUTH" | "PROXY_REFUSED";

  constructor(status: number) {
    super(`the proxy answered ${status}`);
    this.code = status === 407 ? "PROXY_AUTH" : "PROXY_REFUSED";
  }
}

export function closeQuietly(socket: Pick<ByteSocket, "close">): void {
  try {
    socket.close();
  } catch {
    // Closed already, by the other side of whatever ended it.
  }
}
