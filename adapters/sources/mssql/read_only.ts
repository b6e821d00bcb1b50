/**
 * SQL Server has no read-only transactions, and needs no semicolon between the statements of a batch. So a
 * text is looked at before it is sent: a statement is one SELECT with nothing behind it, and a query is only
 * sent within the parentheses of a derived table, where no statement can begin.
 */
import { SourceError } from "../../../core/base/errors.ts";
import { statementProblem } from "../../../core/query/one_statement.ts";
import { scanSql } from "../../../core/query/scan_sql.ts";
import { dialect } from "./dialect.ts";

/** Words that begin a statement, or make of a SELECT one that writes. */
const STATEMENTS = new Set(
  ("ADD ALTER BACKUP BEGIN BREAK BULK CHECKPOINT CLOSE COMMIT CONTINUE CREATE DBCC DEALLOCATE DECLARE " +
    "DELETE DENY DISABLE DROP ENABLE EXEC EXECUTE GOTO GRANT IF INSERT INTO KILL LINENO MERGE MOVE OPEN " +
    "PRINT RAISERROR READTEXT RECEIVE RECONFIGURE RESTORE RETURN REVERT REVOKE ROLLBACK SAVE SEND SET " +
    "SETUSER SHUTDOWN THROW TRUNCATE UPDATE UPDATETEXT USE WAITFOR WHILE WRITETEXT").split(" "),
);
const JOINS_SELECTS = new Set(["UNION", "ALL", "EXCEPT", "INTERSECT"]);

function refused(why: string): SourceError {
  return new SourceError(
    "SOURCE_QUERY",
    `exports are read-only: only SELECT statements are sent, and ${why}`,
    { hint: "Write the export's query as one SELECT." },
  );
}

/** A query that is going to stand within parentheses. @throws SourceError when it would leave them */
export function checkQuery(query: string): void {
  const problem = statementProblem(query, dialect.lexis);
  if (problem !== null) throw refused(problem);
}

/** The word outside of parentheses that makes the text more than one SELECT; null when it is one. */
function otherStatement(sql: string): string | null {
  let depth = 0;
  let before = "";
  for (const { kind, text } of scanSql(sql, dialect.lexis)) {
    if (kind === "(") depth++;
    else if (kind === ")") depth--;
    else if (kind === "word" && depth === 0) {
      const word = text.toUpperCase();
      const again = word === "SELECT" && before !== "" && !JOINS_SELECTS.has(before);
      if (again || STATEMENTS.has(word) || (before === "" && word !== "SELECT")) return word;
      before = word;
    }
  }
  return before === "" ? "nothing" : null;
}

/** A whole statement. @throws SourceError when it is more, or something else, than one SELECT */
export function checkStatement(sql: string): void {
  checkQuery(sql);
  const other = otherStatement(sql);
  if (other !== null) throw refused(`this one has ${other}`);
}
