#!/usr/bin/env node
"use strict";
/** Starts the program with the Deno that npm installed beside it, and ends as it ends. */
const { spawn } = require("node:child_process");
const { constants } = require("node:os");
const { join } = require("node:path");
const { isatty } = require("node:tty");
const { permissions } = require("./package.json");

/** A terminal tells Ctrl-C to everyone in front of it; told again, it would mean to end at once. */
const toldByTerminal = new Set([0, 1, 2].some(isatty) ? ["SIGINT"] : []);

function start() {
  // Copies the executable to where it is found sooner, unless an install script did, or was not allowed to.
  const deno = require("deno/install_api.cjs").runInstall();
  const entry = join(__dirname, "program", "main.js");
  const child = spawn(deno, ["run", ...permissions, entry, ...process.argv.slice(2)], {
    stdio: "inherit",
    env: { ...process.env, DENO_NO_UPDATE_CHECK: "1" },
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => {
      if (!toldByTerminal.has(signal)) child.kill(signal);
    });
  }
  const launcher = process.ppid;
  // npx and npm tell a signal to the shell between, which ends and tells nobody.
  if (process.env.npm_lifecycle_event !== undefined) {
    const watch = setInterval(() => {
      if (process.ppid === launcher) return;
      clearInterval(watch);
      child.kill("SIGTERM");
    }, 200);
  }
  child.on("error", fail);
  child.on("exit", (code, signal) => {
    process.exit(signal === null ? code : 128 + constants.signals[signal]);
  });
}

function fail(error) {
  console.error(`rivet: Deno did not start: ${error.message}`);
  process.exit(1);
}

try {
  start();
} catch (error) {
  fail(error);
}
