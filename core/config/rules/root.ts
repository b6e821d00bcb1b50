/** Rules of the file's top level. */
import { exclusive, type RootRule } from "./rule.ts";

const uniqueNames: RootRule = {
  name: "export_names_are_unique",
  reads: [],
  check({ exports = [] }) {
    const first = new Map<string, number>();
    return exports.flatMap((entry, i) => {
      // Exports that did not parse are here too, as they are written.
      const name: unknown = entry?.name;
      if (typeof name !== "string") return [];
      const earlier = first.get(name);
      if (earlier === undefined) {
        first.set(name, i);
        return [];
      }
      return [{
        path: ["exports", i, "name"],
        message: `${JSON.stringify(name)} is already the name of exports[${earlier}]`,
      }];
    });
  },
};

const oneParallelism: RootRule = {
  name: "threads_or_processes",
  reads: ["parallel_exports", "parallel_export_processes"],
  check: ({ parallel_exports, parallel_export_processes }) =>
    parallel_exports === true && parallel_export_processes === true
      ? [{
        path: ["parallel_export_processes"],
        message: "parallel_exports and parallel_export_processes exclude each other; keep one",
      }]
      : [],
};

const oneWebhook: RootRule = {
  name: "one_slack_webhook",
  reads: ["notifications"],
  check({ notifications }) {
    const slack = notifications?.slack;
    if (slack === undefined) return [];
    const keys = ["webhook_url", "webhook_url_env"];
    const at = ["notifications", "slack"];
    if (slack.webhook_url === undefined && slack.webhook_url_env === undefined) {
      return [{ path: at, message: "give webhook_url or webhook_url_env" }];
    }
    return exclusive(slack, keys, "keep webhook_url_env")
      .map((finding) => ({ ...finding, path: [...at, ...finding.path] }));
  },
};

const oneReceiver: RootRule = {
  name: "one_lineage_receiver",
  reads: ["lineage"],
  check: ({ lineage }) =>
    lineage === undefined ? [] : exclusive(lineage, ["url", "url_env"], "keep url_env")
      .map((finding) => ({ ...finding, path: ["lineage", ...finding.path] })),
};

/** In the order in which they are asked. */
export const ROOT_RULES: readonly RootRule[] = [
  uniqueNames,
  oneParallelism,
  oneWebhook,
  oneReceiver,
];
