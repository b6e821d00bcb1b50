/** What has to be known of an engine's SQL to tell where its strings, names and comments end. */
export interface SqlLexis {
  /**
   * What a backslash in a single-quoted string is: itself, the escape of the next character, or that only
   * in strings with an `E` in front.
   */
  readonly backslash: "plain" | "escape" | "prefixed";
  /** `"..."` is a string or a name in which a backslash escapes too. */
  readonly doubleQuotesEscape: boolean;
  /** `` `name` `` */
  readonly backticks: boolean;
  /** `[name]` */
  readonly brackets: boolean;
  /** `$$...$$`, `$tag$...$tag$` */
  readonly dollarQuotes: boolean;
  /** `# to the end of the line` */
  readonly hashComments: boolean;
  /** `--` begins a comment only before a blank. */
  readonly dashNeedsBlank: boolean;
  /** `/* ... *\/` within one another. */
  readonly nestedComments: boolean;
  /** What stands in `/*! ... *\/` is run. */
  readonly executableComments: boolean;
}
