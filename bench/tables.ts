/** The tables that tools are compared on: the same rows on every PostgreSQL. */

export interface BenchTable {
  readonly name: string;
  /** e.g. `2 M orders x 8 columns` */
  readonly title: string;
  /** Statements that make and fill the table with `rows` rows. */
  fill(name: string, rows: number): string;
  readonly rows: number;
  /**
   * What every tool must have written alike, in DuckDB's SQL over its files: one expression a column, in
   * types that do not depend on how a tool maps the source's.
   */
  readonly check: readonly string[];
}

/** Random values are drawn from this seed on. */
const SEED = "SELECT setseed(0.42);";

/** Microseconds since 1970 of what a tool wrote as a timestamp with or without zone. */
const micros = (column: string): string => `epoch_us(${column}::TIMESTAMPTZ)`;

export const TABLES: readonly BenchTable[] = [
  {
    name: "orders",
    title: "orders x 8 columns",
    rows: 2_000_000,
    fill: (name, rows) =>
      `CREATE TABLE ${name} (
        id bigint PRIMARY KEY, user_id bigint NOT NULL, product text NOT NULL,
        price numeric(10,2) NOT NULL, quantity int NOT NULL, status text NOT NULL,
        created_at timestamptz NOT NULL, updated_at timestamptz);
      ${SEED}
      INSERT INTO ${name}
      SELECT i, (random() * 200000)::bigint, 'product-' || (random() * 1000)::int,
        (random() * 100000)::int / 100.0, 1 + (random() * 8)::int,
        (ARRAY['new','paid','shipped','delivered','returned'])[1 + (random() * 4)::int],
        timestamptz '2024-01-01 00:00:00+00' + i * interval '13 seconds' + random() * interval '9 seconds',
        CASE WHEN random() > 0.25
          THEN timestamptz '2024-06-01 00:00:00+00' + random() * interval '300 days' END
      FROM generate_series(1, ${rows}) i;
      ANALYZE ${name};`,
    check: [
      "id",
      "user_id",
      "product",
      "round(price::DOUBLE * 100)::BIGINT",
      "quantity",
      "status",
      micros("created_at"),
      micros("updated_at"),
    ],
  },
  {
    name: "page_views",
    title: "page views x 5 columns",
    rows: 5_000_000,
    fill: (name, rows) =>
      `CREATE TABLE ${name} (
        id bigint PRIMARY KEY, user_id int NOT NULL, path text NOT NULL,
        duration_ms int, viewed_at timestamptz NOT NULL);
      ${SEED}
      INSERT INTO ${name}
      SELECT i, (random() * 1000000)::int, '/pages/' || (random() * 5000)::int,
        CASE WHEN random() > 0.1 THEN (random() * 100000)::int END,
        timestamptz '2024-01-01 00:00:00+00' + i * interval '3 seconds' + random() * interval '2 seconds'
      FROM generate_series(1, ${rows}) i;
      ANALYZE ${name};`,
    check: ["id", "user_id", "path", "duration_ms", micros("viewed_at")],
  },
  {
    name: "content_items",
    title: "content items x 20 columns, wide text, jsonb, arrays",
    rows: 200_000,
    fill: (name, rows) =>
      `CREATE TABLE ${name} (
        id integer PRIMARY KEY, slug text NOT NULL, author_id bigint NOT NULL, category_id smallint,
        title text NOT NULL, subtitle text, summary text, body text NOT NULL, language text NOT NULL,
        keywords text[] NOT NULL, word_count integer NOT NULL, reading_minutes integer NOT NULL,
        score real, rank double precision, views bigint NOT NULL, is_published boolean NOT NULL,
        metadata jsonb NOT NULL, checksum bytea NOT NULL, published_at timestamptz,
        updated_at timestamptz NOT NULL);
      ${SEED}
      INSERT INTO ${name}
      SELECT i, 'article-' || i, (random() * 5000)::bigint,
        CASE WHEN random() > 0.2 THEN (random() * 40)::smallint END,
        'How to choose a ' || (ARRAY['lamp','chair','mug','rug'])[1 + (random() * 3)::int] || ', part ' || i,
        CASE WHEN random() > 0.7 THEN 'A guide' END,
        CASE WHEN random() > 0.2 THEN repeat('summary ' || (random() * 1000)::int, 4 + (random() * 9)::int) END,
        repeat('Lorem ipsum dolor sit amet, ' || md5('p' || i) || E'.\\n', 5 + (random() * 40)::int)
          || md5(random()::text) || md5(random()::text),
        (ARRAY['de','en','fr','ja','pt'])[1 + (random() * 4)::int],
        ARRAY['k' || (random() * 50)::int, 'k' || (random() * 50)::int],
        40 + (random() * 3000)::int, 1 + (random() * 25)::int,
        CASE WHEN random() > 0.2 THEN (random() * 10)::real END, random() * 1000000,
        (random() * 2147483647)::bigint * 1000003, random() > 0.2,
        jsonb_build_object('revision', (random() * 30)::int, 'sources', jsonb_build_array('a', NULL, 3)),
        decode(md5('c' || i), 'hex'),
        CASE WHEN random() > 0.2
          THEN timestamptz '2024-01-01 00:00:00+00' + random() * interval '300 days' END,
        timestamptz '2024-01-01 00:00:00+00' + i * interval '13 seconds'
      FROM generate_series(1, ${rows}) i;
      ANALYZE ${name};`,
    check: [
      "id",
      "slug",
      "author_id",
      "category_id",
      "title",
      "subtitle",
      "summary",
      "body",
      "language",
      "word_count",
      "reading_minutes",
      "rank",
      "views",
      "is_published",
      micros("published_at"),
      micros("updated_at"),
    ],
  },
];
