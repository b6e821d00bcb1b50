/** `chunk_dense`: windows over the row number in the column's order, for keys with large gaps. */
import { logger } from "../../base/log.ts";
import { columnRef, outerSelect } from "../select.ts";
import type { Cut } from "./cut.ts";
import { integerBounds, integerProblem, sizeOrCount } from "./integer_windows.ts";

const ROW_NUMBER = "_rivet_row_number";
const BOUND = /^\d+$/;

export const dense: Cut = {
  kind: "dense",
  wanted: ({ chunk_dense }) => chunk_dense === true,
  columnSetting: "chunk_column",
  columnKinds: null,
  anyKey: false,
  nullChunk: false,
  open: false,
  integers: true,
  paged: false,
  measure: sizeOrCount,
  async bounds({ source, exported, base, column }) {
    const keys = exported.table === null ? [] : await source.keys(exported.table);
    if (!keys.some((key) => key.column === column.name)) {
      logger().warn(
        `export '${exported.name}': chunk_dense numbers rows by '${column.name}', which is not known to ` +
          "be unique: rows with equal values may change places between two chunks",
      );
    }
    const countSql = outerSelect(source.dialect, {
      selectList: [source.dialect.castText("COUNT(*)")],
      base,
    });
    const [[count]] = await source.rows(countSql);
    return count === null || count === "0" ? [] : integerBounds(1n, BigInt(count), exported.config);
  },
  rows(dialect, { base, column }) {
    const order = `ROW_NUMBER() OVER (ORDER BY _rivet_dense.${dialect.quote(column)})`;
    return `SELECT _rivet_dense.*, ${order} AS ${dialect.quote(ROW_NUMBER)} ` +
      `FROM (\n${base}\n) AS _rivet_dense`;
  },
  where: (dialect, _shape, { start, end }) =>
    `${columnRef(dialect, ROW_NUMBER)} BETWEEN ${start} AND ${end}`,
  order: (dialect) => columnRef(dialect, ROW_NUMBER),
  accepts: ({ start, end }) => BOUND.test(start ?? "") && BOUND.test(end ?? ""),
  problem: integerProblem,
};
