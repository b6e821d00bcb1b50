/**
 * The program behind `main.ts`, and the only place that wires adapters to the core and maps errors to exit
 * codes. What a command needs is imported when it runs: `rivet --help` loads no driver, codec or schema.
 */
import { type Globals, wantsExitClass, wantsJsonErrors } from "./cli/globals.ts";
import { EVENTS_ENV, STOP_ENV } from "./cli/child_env.ts";
import { ReportedError } from "./cli/failure.ts";
import { parseOften, type Understood } from "./cli/often.ts";
import type { Parsed } from "./cli/parse.ts";
import { allowsColor, readableEnv } from "./cli/readable_env.ts";
import { renderError, renderErrorJson } from "./cli/render/error.ts";
import { Screen } from "./cli/render/screen.ts";
import { stdio } from "./cli/render/stdio.ts";
import { endOnSignals, listenForInterrupts } from "./cli/signals.ts";
import type { Services } from "./cli/services.ts";
import { servicesOver, type Wiring } from "./cli/wire.ts";
import type { WorkerPort } from "./core/workers/worker_host.ts";
import type { LoadedConfig, LoadedExport } from "./core/config/loaded.ts";
import type { Needs } from "./core/ports/needs.ts";
import { exitCodeOf } from "./core/base/error_class.ts";
import { type RivetError, toRivetError } from "./core/base/errors.ts";
import { exporterWarning, runtimeExports } from "./core/base/exporter.ts";
import {
  configureLogging,
  formatEntry,
  isMoreTalkative,
  jsonEntry,
  levelFromEnv,
  logger,
  type LogLevel,
} from "./core/base/log.ts";

const EXIT_INTERRUPTED = 130;

/** Names the span that this process is part of (W3C Trace Context, as an environment variable). */
const TRACEPARENT = "TRACEPARENT";

const env = (name: string) => Deno.env.get(name);

/** Aborts with the signal that commands are given; there may be a state before it is asked for. */
const stopping = new AbortController();

/**
 * Everything that core and the command line reach through ports, loaded when it is used.
 * @param entry what is started to run a child.
 */
const wiringFrom = (entry: string): Wiring => ({
  env,
  async adapters() {
    const [{ adapters }, { loggedAdapters }, { tracedAdapters }] = await Promise.all([
      import("./adapters/registry.ts" as string) as Promise<
        typeof import("./adapters/registry.ts")
      >,
      import("./core/access/logged_ports.ts" as string) as Promise<
        typeof import("./core/access/logged_ports.ts")
      >,
      import("./core/access/traced_ports.ts" as string) as Promise<
        typeof import("./core/access/traced_ports.ts")
      >,
    ]);
    return loggedAdapters(tracedAdapters(adapters));
  },
  async readUrl() {
    const { processEnv, readUrl }: typeof import("./adapters/sources/kit/credentials.ts") =
      await import("./adapters/sources/kit/credentials.ts" as string);
    return (source) => readUrl(source, processEnv);
  },
  async openState({ dir }) {
    const { openState }: typeof import("./state/open.ts") = await import(
      "./state/open.ts" as string
    );
    const { loggedState }: typeof import("./core/access/logged_ports.ts") = await import(
      "./core/access/logged_ports.ts" as string
    );
    const { tracedState }: typeof import("./core/access/traced_ports.ts") = await import(
      "./core/access/traced_ports.ts" as string
    );
    const warn = (text: string) => logger().warn(text);
    const state = await openState({ dir, env, warn, stop: stopping.signal });
    return loggedState(tracedState(state));
  },
  async readState({ dir }, mayBeMade) {
    const { readState }: typeof import("./state/open.ts") = await import(
      "./state/open.ts" as string
    );
    return await readState({ dir, env, warn: (text) => logger().warn(text) }, mayBeMade);
  },
  async readForeignState(from) {
    const { readForeignState }: typeof import("./state/foreign/read.ts") = await import(
      "./state/foreign/read.ts" as string
    );
    return await readForeignState(from, (text) => logger().warn(text));
  },
  async needs() {
    const [{ adapterNeeds }, { stateNeeds }] = await Promise.all([
      import("./adapters/registry.ts" as string) as Promise<
        typeof import("./adapters/registry.ts")
      >,
      import("./state/needs.ts" as string) as Promise<typeof import("./state/needs.ts")>,
    ]);
    return { adapters: adapterNeeds, state: stateNeeds, env };
  },
  program: () => ({ entry, standalone: Deno.build.standalone, execPath: Deno.execPath() }),
  async startWorker() {
    const { WorkerClient }: typeof import("./core/workers/worker_client.ts") = await import(
      "./core/workers/worker_client.ts" as string
    );
    const { startThread }: typeof import("./core/workers/thread.ts") = await import(
      "./core/workers/thread.ts" as string
    );
    const [{ LateThread }, { WorkerHost }, adapters] = await Promise.all([
      import("./core/workers/late_thread.ts" as string) as Promise<
        typeof import("./core/workers/late_thread.ts")
      >,
      import("./core/workers/worker_host.ts" as string) as Promise<
        typeof import("./core/workers/worker_host.ts")
      >,
      this.adapters(),
    ]);
    const worker = new URL("./adapters/worker.ts", import.meta.url);
    const here = (port: WorkerPort) => new WorkerHost(adapters, port);
    return () => new WorkerClient(new LateThread(() => startThread(worker), here));
  },
  async launcher(config) {
    // Children are this program again.
    const [
      { childLimit, launchSelf },
      { inheritedEnv, inheritedFlags, wishesOf },
      { telemetry },
      needs,
    ] = await Promise.all([
      import("./core/processes/child.ts" as string) as Promise<
        typeof import("./core/processes/child.ts")
      >,
      import("./core/processes/inheritance.ts" as string) as Promise<
        typeof import("./core/processes/inheritance.ts")
      >,
      import("./core/ports/telemetry.ts" as string) as Promise<
        typeof import("./core/ports/telemetry.ts")
      >,
      childNeeds(this, config),
    ]);
    return {
      launch(args, exported) {
        const wishes = wishesOf(needs(exported));
        const asChild = { [EVENTS_ENV]: "1", [STOP_ENV]: "stdin" };
        const traceparent = telemetry().traceparent();
        const traced: Record<string, string> = traceparent === null
          ? {}
          : { [TRACEPARENT]: traceparent };
        const childEnv = { ...inheritedEnv(wishes.variables), ...asChild, ...traced };
        return launchSelf(args, { program: entry, flags: inheritedFlags(wishes), env: childEnv });
      },
      limit: childLimit(),
      maxReaders: config.source.max_connections ?? null,
    };
  },
});

/** What each export's own process needs. */
async function childNeeds(
  wiring: Wiring,
  config: LoadedConfig,
): Promise<(exported: LoadedExport) => Required<Needs>> {
  const { exportNeeds, programNeeds }: typeof import("./core/permissions/config_needs.ts") =
    await import("./core/permissions/config_needs.ts" as string);
  const deps = await wiring.needs();
  const own = programNeeds(wiring.program());
  const needs = new Map<LoadedExport, Required<Needs>>();
  for (const exported of config.exports) {
    needs.set(exported, await exportNeeds(config, exported, deps, own));
  }
  // Whatever is asked for is one of them.
  return (exported) => needs.get(exported) as Required<Needs>;
}

/**
 * Runs one command line and returns the process's exit code.
 * @param entry URL of the module that calls this when it is started.
 */
export async function program(args: readonly string[], entry: string): Promise<number> {
  const screen = new Screen(stdio(Deno.stdout), stdio(Deno.stderr));
  const leaveSignals = Deno.pid === 1 ? endOnSignals() : () => {};
  // What nobody awaited must not end the process in a form that nobody asked for.
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    Deno.exit(report(event.reason, screen, args));
  });
  try {
    if (args[0] === "completions") {
      const { answerCompletion }: typeof import("./cli/suggest.ts") = await import(
        "./cli/suggest.ts" as string
      );
      const answer = await answerCompletion(args);
      if (answer !== null) {
        screen.result(answer);
        return 0;
      }
    }
    const parsed = parseOften(args) ?? await parseAny(args, screen);
    if (parsed.kind === "text") {
      screen.styledResult(parsed.text);
      return 0;
    }
    if (parsed.kind === "incomplete") {
      if (wantsJsonErrors(args)) throw parsed.error;
      screen.styledLine(parsed.help);
      return exitCode(parsed.error, args);
    }
    const globals = parsed.invocation;
    startLogging(screen, globals);
    const childEvents = env(EVENTS_ENV) === "1";
    const interruptSignal = () => {
      const signal = childEvents ? takeStopRequests() : takeInterrupts(screen);
      leaveSignals();
      signal.addEventListener("abort", () => stopping.abort(), { once: true });
      return signal;
    };
    const { takeLibraryOutput }: typeof import("./core/base/library_output.ts") = await import(
      "./core/base/library_output.ts" as string
    );
    takeLibraryOutput();
    const services = await traced(servicesOver(wiringFrom(entry)));
    await parsed.execute({ services, screen, globals, childEvents, interruptSignal });
    return 0;
  } catch (thrown) {
    return report(thrown, screen, args);
  }
}

/** The services; where the runtime exports telemetry, their spans are children of `TRACEPARENT`'s. */
async function traced(services: Services): Promise<Services> {
  if (!runtimeExports()) {
    const warning = exporterWarning(Deno.build.standalone, readableEnv("OTEL_DENO"));
    if (warning !== null) logger().warn(warning);
    return services;
  }
  const [{ openTelemetry }, { configureTelemetry }, { tracedServices }] = await Promise.all([
    import("./adapters/telemetry/opentelemetry.ts" as string) as Promise<
      typeof import("./adapters/telemetry/opentelemetry.ts")
    >,
    import("./core/ports/telemetry.ts" as string) as Promise<
      typeof import("./core/ports/telemetry.ts")
    >,
    import("./cli/traced_services.ts" as string) as Promise<
      typeof import("./cli/traced_services.ts")
    >,
  ]);
  configureTelemetry(openTelemetry(readableEnv(TRACEPARENT) ?? null));
  return tracedServices(services);
}

/** Any command line, by the grammar of all commands. @throws ConfigError USAGE */
async function parseAny(
  args: readonly string[],
  screen: Screen,
): Promise<Understood | Exclude<Parsed, { readonly kind: "invocation" }>> {
  const [{ parseArgs }, { execute }] = await Promise.all([
    import("./cli/parse.ts" as string) as Promise<typeof import("./cli/parse.ts")>,
    import("./cli/grammar.ts" as string) as Promise<typeof import("./cli/grammar.ts")>,
  ]);
  const parsed = parseArgs(args, {
    width: screen.resultWidth ?? 100,
    color: screen.resultWidth !== undefined && allowsColor(),
  });
  if (parsed.kind !== "invocation") return parsed;
  return { ...parsed, execute: (ctx) => execute(parsed.invocation, ctx) };
}

/** Prints the failure in the form that was asked for and returns its exit code. */
function report(thrown: unknown, screen: Screen, args: readonly string[]): number {
  const error = toRivetError(thrown);
  if (error instanceof ReportedError) return exitCode(error, args);
  if (error.code === "INTERNAL") logger().debug(originOf(error));
  if (wantsJsonErrors(args)) screen.jsonLine(renderErrorJson(error));
  else screen.line(renderError(error));
  return exitCode(error, args);
}

function originOf(error: RivetError): string {
  const origin = error.cause instanceof Error ? error.cause : error;
  return origin.stack ?? origin.message;
}

/** `--exit-class` chooses the numbering before the arguments are parsed: they may be what is wrong. */
function exitCode(error: RivetError, args: readonly string[]): number {
  return exitCodeOf(error, wantsExitClass(args, readableEnv));
}

/** What `-v` asks for, and each further one. */
const VERBOSE: readonly LogLevel[] = ["info", "debug", "trace"];

/** `--quiet` and `--verbose` decide over the environment; a more talkative environment stays so. */
function startLogging(screen: Screen, globals: Globals): void {
  const wanted = levelFromEnv(env);
  const color = screen.interactive && allowsColor();
  configureLogging({
    level: logLevel(globals, wanted.level),
    sink: globals.logFormat === "json"
      ? (entry) => screen.styledLine(jsonEntry(entry, new Date()))
      : (entry) => screen.styledLine(formatEntry(entry, color)),
  });
  if (wanted.problem !== null) logger().warn(wanted.problem);
}

function logLevel(globals: Globals, wanted: LogLevel | null): LogLevel {
  if (globals.quiet) return "error";
  if (globals.verbose === 0) return wanted ?? "warn";
  const asked = VERBOSE[Math.min(globals.verbose, VERBOSE.length) - 1];
  return wanted !== null && isMoreTalkative(wanted, asked) ? wanted : asked;
}

function takeInterrupts(screen: Screen): AbortSignal {
  return listenForInterrupts({
    onFirst: () => screen.line("Stopping at a safe point; press again to quit."),
    onSecond: () => Deno.exit(EXIT_INTERRUPTED),
  });
}

/** A child stops when its parent asks, or is gone; Ctrl-C is for the parent, which the terminal tells too. */
function takeStopRequests(): AbortSignal {
  const stop = new AbortController();
  const hasParent = env(STOP_ENV) === "stdin";
  listenForInterrupts({
    ignored: hasParent ? ["SIGINT"] : [],
    onFirst: () => stop.abort(),
    onSecond: () => Deno.exit(EXIT_INTERRUPTED),
  });
  if (hasParent) void untilInputEnds().then(() => stop.abort());
  return stop.signal;
}

/** Nothing is ever written to a child; only the end counts. */
async function untilInputEnds(): Promise<void> {
  for await (const _ of Deno.stdin.readable);
}
