/** Names the system's trust store where a file of authorities is asked for. */
export const SYSTEM_ROOTS = "system";
