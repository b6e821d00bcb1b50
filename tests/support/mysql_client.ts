/** What the server's own client prints: the reference for values that Rivet reads. */

const UNESCAPED: Readonly<Record<string, string>> = { n: "\n", t: "\t", "0": "\0", "\\": "\\" };

/** Its rows in batch form: tabs between fields, NULL as a word, four characters escaped. */
export async function clientRows(url: string, sql: string): Promise<(string | null)[][]> {
  const { success, stdout, stderr } = await new Deno.Command("mariadb", {
    args: [
      "--no-defaults",
      "--batch",
      "--skip-column-names",
      "--default-character-set=utf8mb4",
      "--init-command=SET time_zone = '+00:00'",
      ...clientLogin(url),
      "-e",
      sql,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`mariadb failed: ${new TextDecoder().decode(stderr)}`);
  const lines = new TextDecoder("utf-8", { fatal: true }).decode(stdout).split("\n").slice(0, -1);
  return lines.map((line) =>
    line.split("\t").map((field) =>
      field === "NULL" ? null : field.replace(/\\([nt0\\])/g, (_, char: string) => UNESCAPED[char])
    )
  );
}

/** Arguments of the client that lead it to the database of a URL. */
export function clientLogin(url: string): string[] {
  const { hostname, port, username, password, pathname } = new URL(url);
  return [
    `--host=${hostname}`,
    `--port=${port}`,
    `--user=${decodeURIComponent(username)}`,
    `--password=${decodeURIComponent(password)}`,
    pathname.slice(1),
  ];
}
