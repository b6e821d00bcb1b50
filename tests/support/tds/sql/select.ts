/** SELECT statements in the shapes that exports have, over tables in memory. */
import {
  type Column,
  compareValues,
  type Context,
  type Expression,
  ExpressionParser,
} from "./expressions.ts";
import { Cursor } from "./lexer.ts";
import { SqlError, type Value } from "./values.ts";

type Row = readonly Value[];

export interface RowSet {
  readonly columns: readonly Column[];
  readonly rows: readonly Row[];
}

/** By name, without its schema. */
export type Tables = Readonly<Record<string, RowSet>>;

interface Item {
  readonly name: string;
  readonly expression: Expression;
}

/** What follows FROM. */
interface Clauses {
  readonly rows: readonly Row[];
}

class SelectParser {
  constructor(readonly cursor: Cursor, readonly tables: Tables) {}

  /** The whole statement. */
  statement(): RowSet {
    const found = this.select();
    const rest = this.cursor.peek();
    if (rest !== undefined) throw new SqlError(102, `Incorrect syntax near '${rest.text}'.`);
    return found;
  }

  select(): RowSet {
    const { cursor } = this;
    cursor.expect("SELECT");
    const top = cursor.take("TOP", "(") ? Number(cursor.next().text) : null;
    if (top !== null) cursor.expect(")");
    // The items mean columns of what FROM names, which comes behind them.
    const itemsAt = cursor.at;
    const source = this.#skipItems() ? this.#source() : { columns: [], rows: [[]] };
    const { rows } = this.#clauses(source);
    const end = cursor.at;
    cursor.at = itemsAt;
    const items = this.#items(source);
    cursor.at = end;
    return project(items, top === null ? rows : rows.slice(0, top));
  }

  /** Moves behind FROM; false where there is none. */
  #skipItems(): boolean {
    for (let depth = 0; this.cursor.peek() !== undefined;) {
      if (depth === 0 && this.cursor.take("FROM")) return true;
      if (depth === 0 && this.cursor.is(")")) return false;
      if (this.cursor.is("(")) depth++;
      if (this.cursor.is(")")) depth--;
      this.cursor.next();
    }
    return false;
  }

  #source(): RowSet {
    const { cursor } = this;
    if (cursor.take("(")) {
      const inner = this.select();
      cursor.expect(")");
      cursor.expect("AS");
      cursor.identifier();
      return inner;
    }
    let name = cursor.identifier();
    while (cursor.take(".")) name = cursor.identifier();
    if (cursor.take("AS")) cursor.identifier();
    const table = this.tables[name];
    if (table === undefined) throw new SqlError(208, `Invalid object name '${name}'.`);
    return table;
  }

  #clauses({ columns, rows }: RowSet): Clauses {
    const { cursor } = this;
    const parser = new ExpressionParser(cursor, columns);
    let found = rows;
    if (cursor.take("WHERE")) {
      const where = parser.predicate();
      found = rows.filter((row) => where.holds({ row, rows }) === true);
    }
    if (cursor.take("ORDER", "BY")) found = this.#ordered(found, parser);
    if (cursor.take("OFFSET")) {
      const skipped = Number(cursor.next().text);
      cursor.expect("ROWS", "FETCH", "NEXT");
      found = found.slice(skipped, skipped + Number(cursor.next().text));
      cursor.expect("ROWS", "ONLY");
    }
    return { rows: found };
  }

  #ordered(rows: readonly Row[], parser: ExpressionParser): readonly Row[] {
    const orders: { readonly by: Expression; readonly sign: number }[] = [];
    do {
      const by = parser.expression();
      orders.push({ by, sign: this.cursor.take("DESC") ? -1 : 1 });
    } while (this.cursor.take(","));
    return rows.toSorted((a, b) => {
      for (const { by, sign } of orders) {
        const order = compareValues(
          by.value({ row: a, rows }),
          by.value({ row: b, rows }),
          by.type,
        );
        if (order !== 0) return order * sign;
      }
      return 0;
    });
  }

  #items({ columns }: RowSet): Item[] {
    const { cursor } = this;
    const parser = new ExpressionParser(cursor, columns);
    const items: Item[] = [];
    do {
      if (this.#star()) {
        const shown = columns.filter(({ hidden }) => hidden !== true);
        items.push(...shown.map(({ name }) => ({ name, expression: parser.column(name) })));
        continue;
      }
      const start = cursor.at;
      const expression = parser.expression();
      // A column, with its table's name or without, keeps its own name.
      const last = cursor.peek(-1);
      const column = [1, 3].includes(cursor.at - start) &&
        (last?.kind === "name" || last?.kind === "word");
      const own = column ? last.text : "";
      items.push({ name: cursor.take("AS") ? cursor.identifier() : own, expression });
    } while (cursor.take(","));
    return items;
  }

  /** `*` or `alias.*`. */
  #star(): boolean {
    if (this.cursor.take("*")) return true;
    if (!this.cursor.is(".", 1) || !this.cursor.is("*", 2)) return false;
    this.cursor.at += 3;
    return true;
  }
}

function project(items: readonly Item[], rows: readonly Row[]): RowSet {
  const columns = items.map(({ name, expression: { type } }) => ({ name, type }));
  const cells = (context: Context) => items.map(({ expression }) => expression.value(context));
  const aggregated = items.some(({ expression }) => expression.aggregate);
  return {
    columns,
    rows: aggregated ? [cells({ row: [], rows })] : rows.map((row) => cells({ row, rows })),
  };
}

/** @throws SqlError, as a server would */
export function runSelect(sql: string, tables: Tables): RowSet {
  return new SelectParser(new Cursor(sql), tables).statement();
}
