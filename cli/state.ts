/** `rivet state`: what Rivet remembers between runs. */
import { or } from "@optique/core";
import { defineCommand } from "./define.ts";
import { chunksCommand } from "./state_commands/chunks.ts";
import { filesCommand } from "./state_commands/files.ts";
import { importCommand } from "./state_commands/import.ts";
import { locksCommand } from "./state_commands/locks.ts";
import { progressionCommand } from "./state_commands/progression.ts";
import { resetCommand } from "./state_commands/reset.ts";
import { resetChunksCommand } from "./state_commands/reset_chunks.ts";
import { runStateCommand } from "./state_commands/run.ts";
import { setCommand } from "./state_commands/set.ts";
import { showCommand } from "./state_commands/show.ts";
import { unlockCommand } from "./state_commands/unlock.ts";

export const STATE_SUBCOMMANDS = [
  "show",
  "set",
  "import",
  "reset",
  "files",
  "chunks",
  "run",
  "reset-chunks",
  "progression",
  "locks",
  "unlock",
] as const;

export const stateCommand = defineCommand(
  "state",
  or(
    showCommand,
    setCommand,
    importCommand,
    resetCommand,
    filesCommand,
    chunksCommand,
    runStateCommand,
    resetChunksCommand,
    progressionCommand,
    locksCommand,
    unlockCommand,
  ),
  {
    brief: "Show and manage what Rivet remembers between runs.",
    description:
      "The state lies beside the config in .rivet_state.db, or where RIVET_STATE_URL points.",
    usage: "COMMAND [OPTIONS]",
    examples: [
      ["rivet state show -c rivet.yaml", "where incremental exports continue"],
      ["rivet state files -c rivet.yaml", "what was written"],
      ["rivet state chunks -c rivet.yaml -e orders", "how far a chunked export came"],
    ],
  },
);
