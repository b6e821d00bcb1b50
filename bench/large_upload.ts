/**
 * One file of 500 MB to S3 in pieces of 16 MiB, four at a time: through the destination, its MD5s known from
 * its writing as in a run, and by boto3's `upload_file`, in turn. Only the sending is timed, in processes of
 * their own.
 *
 * Run: deno run -A bench/large_upload.ts [MB] [rounds]
 *
 * Without more, the server is that of the tests. `RIVET_BENCH_S3` names another one's URL, with its bucket
 * `exports` and keys in `S3_KEY_ID` and `S3_SECRET`. `RIVET_BENCH_PYTHON` is a Python that has boto3; without
 * boto3 that half is left out.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { rangeMd5 } from "../adapters/destinations/kit/file_body.ts";
import { partRanges, UPLOAD_LIMITS } from "../adapters/destinations/kit/part_upload.ts";
import { openS3 } from "../adapters/destinations/s3/mod.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../tests/support/s3.ts";
import { median } from "./measure.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const MB = 1_000_000;
const PYTHON = Deno.env.get("RIVET_BENCH_PYTHON") ?? "python3";

const BOTO3 = `
import sys, time, boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
endpoint, bucket, file, key, access, secret, piece, lanes = sys.argv[1:]
s3 = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", aws_access_key_id=access,
    aws_secret_access_key=secret, config=Config(s3={"addressing_style": "path"}))
config = TransferConfig(multipart_threshold=int(piece), multipart_chunksize=int(piece),
    max_concurrency=int(lanes))
start = time.perf_counter()
s3.upload_file(file, bucket, key, Config=config)
print(time.perf_counter() - start)
`;

interface Job {
  readonly endpoint: string;
  readonly file: string;
  readonly key: string;
}

const env = (name: string) => Deno.env.get(name) ?? S3_ENV[name];

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout);
}

/** Runs in the measured process. */
async function send({ endpoint, file, key }: Job): Promise<number> {
  const destination = await openS3({
    type: "s3",
    bucket: S3_BUCKET,
    prefix: "",
    endpoint,
    access_key_env: "S3_KEY_ID",
    secret_key_env: "S3_SECRET",
  }, env);
  const { size } = await Deno.stat(file);
  const pieceMd5s: string[] = [];
  for (const piece of partRanges(file, size, UPLOAD_LIMITS.partBytes, 10_000)) {
    pieceMd5s.push(await rangeMd5(piece));
  }
  const md5 = await rangeMd5({ file, start: 0, length: size });
  const start = performance.now();
  await destination.put({ file, md5, pieceMd5s }, key);
  const seconds = (performance.now() - start) / 1000;
  await destination.close();
  return seconds;
}

async function throughDestination(job: Job): Promise<number> {
  // It takes the file along.
  const file = `${job.file}.staged`;
  await Deno.copyFile(job.file, file);
  const args = ["run", "-A", import.meta.filename ?? "", "--send"];
  return Number(await output(Deno.execPath(), [...args, JSON.stringify({ ...job, file })]));
}

async function byBoto3({ endpoint, file, key }: Job): Promise<number> {
  const { partBytes, concurrency } = UPLOAD_LIMITS;
  return Number(
    await output(PYTHON, [
      ...["-c", BOTO3, endpoint, S3_BUCKET, file, key],
      ...[env("S3_KEY_ID"), env("S3_SECRET"), String(partBytes), String(concurrency)],
    ]),
  );
}

async function boto3Version(): Promise<string | null> {
  try {
    return (await output(PYTHON, ["-c", "import boto3; print(boto3.__version__)"])).trim();
  } catch {
    return null;
  }
}

async function makeFile(file: string, bytes: number): Promise<void> {
  const block = crypto.getRandomValues(new Uint8Array(65_536));
  using out = await Deno.open(file, { write: true, create: true });
  for (let left = bytes; left > 0; left -= block.length) {
    // No two pieces are alike.
    new DataView(block.buffer).setFloat64(0, left);
    await out.write(block.subarray(0, Math.min(left, block.length)));
  }
}

async function hashing(file: string): Promise<number> {
  const start = performance.now();
  const hash = createHash("md5");
  for await (const chunk of (await Deno.open(file)).readable) hash.update(chunk);
  hash.digest();
  return (performance.now() - start) / 1000;
}

async function main(megabytes: number, rounds: number): Promise<void> {
  const own = Deno.env.get("RIVET_BENCH_S3") === undefined ? await startS3() : null;
  const endpoint = own?.endpoint ?? Deno.env.get("RIVET_BENCH_S3") ?? "";
  const folder = await Deno.makeTempDir({ prefix: "rivet-bench-" });
  const file = join(folder, "large");
  try {
    await makeFile(file, megabytes * MB);
    const boto3 = await boto3Version();
    const ways: [string, (job: Job) => Promise<number>][] = [["destination", throughDestination]];
    if (boto3 !== null) ways.push([`boto3 ${boto3}`, byBoto3]);
    const taken = new Map<string, number[]>(ways.map(([name]) => [name, []]));
    for (let round = 0; round < rounds; round++) {
      for (const [name, way] of ways) {
        const key = `bench/${name.replace(/\W/g, "-")}-${crypto.randomUUID()}`;
        taken.get(name)?.push(await way({ endpoint, file, key }));
      }
    }
    console.log(`one file of ${megabytes} MB, pieces of 16 MiB, ${rounds} rounds`);
    for (const [name, seconds] of taken) {
      const all = seconds.map((s) => s.toFixed(2)).join(" ");
      console.log(`${name.padEnd(16)}median ${median(seconds).toFixed(2)} s   (${all})`);
    }
    if (boto3 === null) console.log("boto3 is not installed: left out");
    console.log(
      `an MD5 of the whole file, not part of the above: ${(await hashing(file)).toFixed(2)} s`,
    );
  } finally {
    await own?.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "--send") {
    console.log(await send(JSON.parse(Deno.args[1]) as Job));
  } else {
    const [mb = "500", rounds = "3"] = scriptArgs(import.meta.url, {}, 2).positionals;
    await main(numberOf(import.meta.url, mb, 1), numberOf(import.meta.url, rounds, 1));
  }
  Deno.exit(0);
}
