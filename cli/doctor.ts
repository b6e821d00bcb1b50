/** `rivet doctor`: verifies the connections and credentials of a config. */
import { constant, type InferValue, message, object, option } from "@optique/core";
import type { LoadedConfig } from "../core/config/loaded.ts";
import { ConfigError } from "../core/base/errors.ts";
import type { DoctorCheck } from "../core/preflight/doctor.ts";
import { checkFailure } from "./failure.ts";
import { defineCommand } from "./define.ts";
import { loadConfig } from "./load.ts";
import { configOption, jsonOption, paramsOption } from "./options.ts";
import { parameters } from "./params.ts";
import { doctorJson, renderDoctor } from "./render/doctor.ts";
import { toJson } from "./render/json.ts";
import type { CommandContext } from "./services.ts";

const options = object({
  command: constant("doctor"),
  config: configOption,
  params: paramsOption,
  writeProbe: option("--write-probe", {
    description: message`Also write a probe object to every destination and remove it again.`,
  }),
  json: jsonOption,
});

export type DoctorArgs = InferValue<typeof options>;

export const doctorCommand = defineCommand("doctor", options, {
  brief: "Verify the connections and credentials of a config.",
  description: "Checks the config, the source's login, its encryption and its clock, every " +
    "destination, the state backend, and whether the source can give what the exports ask of it. " +
    "Nothing is exported. Exits 1 when a check fails, 2 when it is the configuration's fault alone.",
  usage: "--config PATH [OPTIONS]",
  examples: [
    ["rivet doctor -c rivet.yaml", "before the first run"],
    ["rivet doctor -c rivet.yaml --write-probe", "may this user write, too?"],
    ["rivet doctor -c rivet.yaml --json", "for monitoring"],
  ],
});

/** @throws ConfigError, RivetError CHECK_FAILED or a refusal; everything is printed before. */
export async function executeDoctor(args: DoctorArgs, ctx: CommandContext): Promise<void> {
  const print = (checks: readonly DoctorCheck[]) => {
    if (args.json) ctx.screen.json(toJson(doctorJson(args.config, checks)));
    else ctx.screen.result(renderDoctor(args.config, checks));
  };
  const config = await loadOrPrint(args, ctx, print);
  const checks = await ctx.services.runDoctor({
    config,
    writeProbe: args.writeProbe,
    signal: ctx.interruptSignal(),
  });
  print(checks);
  const failed = checks.filter((check) => check.status === "fail");
  if (failed.length === 0) return;
  throw checkFailure(
    failed.map(({ code }) => code),
    `${failed.length} of ${checks.length} checks failed`,
    "Fix what [FAIL] names above, then run doctor again.",
  );
}

/** A config that cannot be loaded is the first finding. */
async function loadOrPrint(
  args: DoctorArgs,
  ctx: CommandContext,
  print: (checks: readonly DoctorCheck[]) => void,
): Promise<LoadedConfig> {
  try {
    return await loadConfig(ctx, args.config, parameters(args.params));
  } catch (error) {
    if (error instanceof ConfigError && error.code !== "USAGE") {
      print([{
        about: "config",
        name: "Config",
        status: "fail",
        category: "error",
        code: error.code,
        message: error.message,
        hint: error.hint ?? null,
      }]);
    }
    throw error;
  }
}
