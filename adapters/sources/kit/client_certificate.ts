/** The certificate by which a server may know this client. */
import { createPrivateKey } from "node:crypto";
import { readFileSync } from "node:fs";
import type tls from "node:tls";
import { ConfigError } from "../../../core/base/errors.ts";

/** PEM files; both or none. */
export interface ClientCertificateFiles {
  readonly certFile: string | undefined;
  readonly keyFile: string | undefined;
  readonly keyPassword?: string | undefined;
}

/** @param what the file is, for the message. @throws ConfigError */
export function readPem(path: string, what: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const why = (error as { code?: string }).code ?? "I/O error";
    throw new ConfigError(`the ${what} ${path} cannot be read (${why})`, [], { cause: error });
  }
}

/** Decrypted here: the runtime would go on without a key that it cannot read. */
function readKey(path: string, passphrase: string | undefined): string {
  const key = readPem(path, "client key (source.tls.key_file, sslkey)");
  try {
    return createPrivateKey({ key, passphrase }).export({ type: "pkcs8", format: "pem" })
      .toString();
  } catch (error) {
    throw new ConfigError(`the client key ${path} cannot be used`, [], {
      hint: passphrase === undefined
        ? "It is to be an unencrypted private key in PEM form."
        : "Check sslpassword.",
      cause: error,
    });
  }
}

/** What `tls.connect` takes. @throws ConfigError for a file that cannot be used. */
export function clientCertificate(
  { certFile, keyFile, keyPassword }: ClientCertificateFiles,
): Pick<tls.ConnectionOptions, "cert" | "key"> {
  if (certFile === undefined || keyFile === undefined) return {};
  return {
    cert: readPem(certFile, "client certificate (source.tls.cert_file, sslcert)"),
    key: readKey(keyFile, keyPassword),
  };
}
