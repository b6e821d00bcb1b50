/**
 * How fast parts reach S3, and what that costs in memory: 16 parts of 64 MiB to a local server, once
 * through the destination and once by a bare loop over the SDK; the same parts to a local folder for
 * the difference in memory. Every measurement is a process of its own.
 * Run: deno run -A bench/upload.ts [MiB of a part] [parts]
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { LocalDestination } from "../adapters/destinations/local.ts";
import { openS3, type S3Config } from "../adapters/destinations/s3/mod.ts";
import type { Destination } from "../core/ports/destination.ts";
import { S3_BUCKET, S3_ENV, startS3 } from "../tests/support/s3.ts";
import { numberOf, scriptArgs } from "../packaging/script.ts";

const MIB = 1024 * 1024;
/** As many lanes as a run with one reader has. */
const LANES = 2;

type Way = "destination" | "bare" | "local";

interface Measured {
  readonly seconds: number;
  readonly peakRssMb: number;
}

interface Job {
  readonly way: Way;
  readonly endpoint: string;
  readonly folder: string;
  readonly partMib: number;
  readonly parts: number;
}

function s3Config(endpoint: string): S3Config {
  return {
    type: "s3",
    bucket: S3_BUCKET,
    prefix: "bench",
    endpoint,
    access_key_env: "S3_KEY_ID",
    secret_key_env: "S3_SECRET",
  };
}

/** Sends the part of this number; the file is there, with its MD5. */
type Send = (file: string, number: number, md5: string) => Promise<void>;

function throughPort(destination: Destination): Send {
  const { signal } = new AbortController();
  return async (file, number, md5) => {
    await destination.put({ file, md5 }, `part-${number}`, signal);
  };
}

async function bareLoop(endpoint: string): Promise<Send> {
  const { PutObjectCommand, S3Client } = await import("@aws-sdk/client-s3");
  const client = new S3Client({
    endpoint,
    region: "us-east-1",
    forcePathStyle: true,
    credentials: { accessKeyId: S3_ENV.S3_KEY_ID, secretAccessKey: S3_ENV.S3_SECRET },
    // As the destination: the body's MD5 goes with it, and no second checksum.
    requestChecksumCalculation: "WHEN_REQUIRED",
  });
  return async (file, number, md5) => {
    const { size } = await Deno.stat(file);
    await client.send(
      new PutObjectCommand({
        Bucket: S3_BUCKET,
        Key: `bare/part-${number}`,
        Body: createReadStream(file),
        ContentLength: size,
        ContentMD5: md5,
      }),
    );
    await Deno.remove(file);
  };
}

async function stagePart(folder: string, number: number, bytes: Uint8Array): Promise<string> {
  const file = join(folder, `staged-${number}`);
  await Deno.writeFile(file, bytes);
  return file;
}

/** Runs in the measured process; only the sending is timed. */
async function measure({ way, endpoint, folder, partMib, parts }: Job): Promise<Measured> {
  const body = new Uint8Array(partMib * MIB);
  for (let at = 0; at < body.length; at += 65_536) {
    crypto.getRandomValues(body.subarray(at, at + 65_536));
  }
  const md5 = createHash("md5").update(body).digest("base64");
  const files: string[] = [];
  for (let number = 0; number < parts; number++) files.push(await stagePart(folder, number, body));
  const send = way === "bare" ? await bareLoop(endpoint) : throughPort(
    way === "local"
      ? new LocalDestination({ root: join(folder, "out") })
      : await openS3(s3Config(endpoint), (name) => S3_ENV[name]),
  );
  let peak = 0;
  const sampler = setInterval(() => peak = Math.max(peak, Deno.memoryUsage().rss), 20);
  const start = performance.now();
  let next = 0;
  const lane = async () => {
    while (next < files.length) {
      const number = next++;
      await send(files[number], number, md5);
    }
  };
  await Promise.all(Array.from({ length: LANES }, lane));
  const seconds = (performance.now() - start) / 1000;
  clearInterval(sampler);
  peak = Math.max(peak, Deno.memoryUsage().rss);
  return { seconds, peakRssMb: Math.round(peak / MIB) };
}

async function inProcess(job: Omit<Job, "folder" | "endpoint">): Promise<Measured> {
  const folder = await Deno.makeTempDir({ prefix: "rivet-bench-" });
  // A fresh server for every way: its disk cache is not the matter.
  const server = await startS3();
  try {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        import.meta.filename ?? "",
        "--measure",
        JSON.stringify({ ...job, folder, endpoint: server.endpoint }),
      ],
      stdin: "null",
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`${job.way} failed`);
    return JSON.parse(new TextDecoder().decode(stdout)) as Measured;
  } finally {
    await server.stop();
    await Deno.remove(folder, { recursive: true });
  }
}

async function main(partMib: number, parts: number): Promise<void> {
  const mib = partMib * parts;
  console.log(`${parts} parts of ${partMib} MiB, ${LANES} at a time`);
  const results = new Map<Way, Measured>();
  for (const way of ["bare", "destination", "local"] as const) {
    const measured = await inProcess({ way, partMib, parts });
    results.set(way, measured);
    const rate = (mib / measured.seconds).toFixed(0).padStart(6);
    const seconds = measured.seconds.toFixed(2).padStart(7);
    console.log(`${way.padEnd(12)}${seconds} s${rate} MiB/s  peak RSS ${measured.peakRssMb} MB`);
  }
  const [bare, destination, local] = ["bare", "destination", "local"].map((way) =>
    results.get(way as Way) as Measured
  );
  console.log(`destination against bare: ${(bare.seconds / destination.seconds).toFixed(2)} x`);
  console.log(`RSS above local: ${destination.peakRssMb - local.peakRssMb} MB`);
}

if (import.meta.main) {
  if (Deno.args[0] === "--measure") {
    console.log(JSON.stringify(await measure(JSON.parse(Deno.args[1]) as Job)));
    Deno.exit(0);
  }
  const [mib = "64", parts = "16"] = scriptArgs(import.meta.url, {}, 2).positionals;
  await main(numberOf(import.meta.url, mib, 1), numberOf(import.meta.url, parts, 1));
}
