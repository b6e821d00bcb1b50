/**
 * Which process this is, and whether another one of this host still runs: what lets a lease of a dead
 * process be taken over at once.
 */
import { hostname } from "node:os";
import process from "node:process";
import type { LeaseOwner } from "../core/ports/state.ts";

/** The processes of this host, as far as leases ask about them. */
export interface Processes {
  readonly self: LeaseOwner;
  /** True only when it is certain: a process of another host, boot or process namespace is never gone. */
  isGone(owner: LeaseOwner): boolean;
}

function textOf(path: string): string | null {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    // Not Linux, or an executable that may not read /proc: the caller does without.
    return null;
  }
}

/** Two machines may have one name, and two containers of one machine count their processes apart. */
function hostId(): string {
  const boot = textOf("/proc/sys/kernel/random/boot_id");
  if (boot === null) return hostname();
  try {
    return `${boot}/${Deno.readLinkSync("/proc/self/ns/pid")}`;
  } catch {
    return boot;
  }
}

interface ProcessStat {
  readonly state: string;
  readonly start: string;
}

/** https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html; the name in parentheses may hold anything. */
function statOf(pid: number): ProcessStat | null {
  const stat = textOf(`/proc/${pid}/stat`);
  if (stat === null) return null;
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return { state: fields[0], start: fields[19] };
}

function isUnknownToSystem(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    // Anything else, EPERM above all, means that there is a process.
    return error instanceof Error && "code" in error && error.code === "ESRCH";
  }
}

/** The processes of this host. */
export function systemProcesses(): Processes {
  const self: LeaseOwner = {
    host: hostname(),
    hostId: hostId(),
    pid: Deno.pid,
    processStart: statOf(Deno.pid)?.start ?? null,
  };
  return {
    self,
    isGone(owner) {
      if (owner.hostId !== self.hostId) return false;
      const stat = statOf(owner.pid);
      if (stat === null) return isUnknownToSystem(owner.pid);
      // A zombie has ended and only waits for its parent to notice.
      if (stat.state === "Z" || stat.state === "X") return true;
      return owner.processStart !== null && stat.start !== owner.processStart;
    },
  };
}
