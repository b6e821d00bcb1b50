/** The version of this build, as `rivet --version`, manifests, plans and reports name it. */
export const RIVET_VERSION = "0.1.0";
