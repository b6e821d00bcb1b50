-- What the documented tool, version 0.32.2 left in PostgreSQL after one run over 20 rows: the tables that are read.
CREATE TABLE public.chunk_run (
    run_id text NOT NULL,
    export_name text NOT NULL,
    plan_hash text NOT NULL,
    status text NOT NULL,
    max_chunk_attempts bigint DEFAULT 3 NOT NULL,
    created_at text NOT NULL,
    updated_at text NOT NULL,
    source text
);
CREATE TABLE public.export_metrics (
    id bigint NOT NULL,
    export_name text NOT NULL,
    run_at text NOT NULL,
    duration_ms bigint NOT NULL,
    total_rows bigint NOT NULL,
    peak_rss_mb bigint,
    status text NOT NULL,
    error_message text,
    tuning_profile text,
    format text,
    mode text,
    files_produced bigint DEFAULT 0,
    bytes_written bigint DEFAULT 0,
    retries bigint DEFAULT 0,
    validated boolean,
    schema_changed boolean,
    run_id text,
    files_committed bigint,
    reconciled boolean,
    source_count bigint,
    quality_passed boolean,
    pg_temp_bytes_delta bigint,
    batch_size bigint,
    batch_size_memory_mb bigint,
    skip_reason text,
    schema_fingerprint text,
    chunk_size bigint,
    parallel bigint,
    source_type text,
    destination_type text,
    rivet_version text,
    longest_chunk_ms bigint,
    chunk_key text,
    error_class text,
    cursor_min text,
    cursor_max text,
    key_descriptor_json text,
    offending_value text,
    server_context_json text,
    bytes_read bigint
);
CREATE SEQUENCE public.export_metrics_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.export_metrics_id_seq OWNED BY public.export_metrics.id;
CREATE TABLE public.export_progression (
    export_name text NOT NULL,
    last_committed_strategy text,
    last_committed_cursor text,
    last_committed_chunk_index bigint,
    last_committed_run_id text,
    last_committed_at text,
    last_verified_strategy text,
    last_verified_cursor text,
    last_verified_chunk_index bigint,
    last_verified_run_id text,
    last_verified_at text
);
CREATE TABLE public.export_state (
    export_name text NOT NULL,
    last_cursor_value text,
    last_run_at text,
    resume_run_id text,
    cursor_column text,
    prefix text DEFAULT ''::text NOT NULL,
    stream text,
    resume_owner text,
    source_schema text,
    population text,
    destination text
);
CREATE TABLE public.file_log (
    id bigint NOT NULL,
    run_id text NOT NULL,
    export_name text NOT NULL,
    file_name text NOT NULL,
    row_count bigint NOT NULL,
    bytes bigint NOT NULL,
    format text NOT NULL,
    compression text,
    created_at text NOT NULL,
    cursor_high text
);
CREATE SEQUENCE public.file_manifest_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;
ALTER SEQUENCE public.file_manifest_id_seq OWNED BY public.file_log.id;
CREATE TABLE public.rivet_schema_version (
    version bigint NOT NULL
);
ALTER TABLE ONLY public.export_metrics ALTER COLUMN id SET DEFAULT nextval('public.export_metrics_id_seq'::regclass);
ALTER TABLE ONLY public.file_log ALTER COLUMN id SET DEFAULT nextval('public.file_manifest_id_seq'::regclass);
INSERT INTO public.chunk_run VALUES ('by_chunk_20261127T045058.314_11252', 'by_chunk', '435b9d1c18dc1fbd', 'completed', 4, '2026-11-27T04:50:58.456941110+00:00', '2026-11-27T04:50:58.648245355+00:00', 'postgres://127.0.0.1:55614/shop');
INSERT INTO public.export_metrics VALUES (2, 'by_id', '2026-11-27T04:50:57.042920264+00:00', 108, 20, 26, 'success', NULL, 'balanced', 'parquet', 'incremental', 1, 1213, 0, NULL, false, 'by_id_20261127T045056.925_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:681d34a1d1e907f3', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, '20', '{"strategy":"incremental","key":"id","db_type":"int8"}', NULL, NULL, 1100);
INSERT INTO public.export_metrics VALUES (18, 'whole', '2026-11-27T04:50:59.047447816+00:00', 210, 20, 28, 'success', NULL, 'balanced', 'parquet', 'full', 1, 1213, 0, NULL, false, 'whole_20261127T045058.812_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:681d34a1d1e907f3', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1100);
INSERT INTO public.export_metrics VALUES (4, 'by_at', '2026-11-27T04:50:57.289601971+00:00', 200, 20, 27, 'success', NULL, 'balanced', 'parquet', 'incremental', 1, 1307, 0, NULL, false, 'by_at_20261127T045057.069_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:2541b3136105a932', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, '2026-01-01T00:00:20.002460', '{"strategy":"incremental","key":"at","db_type":"timestamptz"}', NULL, NULL, 512);
INSERT INTO public.export_metrics VALUES (6, 'by_local', '2026-11-27T04:50:57.570754913+00:00', 226, 20, 27, 'success', NULL, 'balanced', 'parquet', 'incremental', 1, 1313, 0, NULL, false, 'by_local_20261127T045057.326_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:66b030b24ede4d99', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, '2026-01-01T00:00:20.002460', '{"strategy":"incremental","key":"local","db_type":"timestamp"}', NULL, NULL, 512);
INSERT INTO public.export_metrics VALUES (8, 'by_day', '2026-11-27T04:50:57.845334030+00:00', 219, 20, 27, 'success', NULL, 'balanced', 'parquet', 'incremental', 1, 1201, 0, NULL, false, 'by_day_20261127T045057.604_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:e5bfcfefb791be2b', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, '2026-01-21', '{"strategy":"incremental","key":"day","db_type":"date"}', NULL, NULL, 432);
INSERT INTO public.export_metrics VALUES (10, 'by_code', '2026-11-27T04:50:58.057564429+00:00', 100, 20, 27, 'success', NULL, 'balanced', 'parquet', 'incremental', 1, 1213, 0, NULL, false, 'by_code_20261127T045057.951_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:681d34a1d1e907f3', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, 'c0020', '{"strategy":"incremental","key":"code","db_type":"text"}', NULL, NULL, 1100);
INSERT INTO public.export_metrics VALUES (12, 'by_amount', '2026-11-27T04:50:58.290943460+00:00', 200, 20, 28, 'success', NULL, 'balanced', 'parquet', 'incremental', 1, 1259, 0, NULL, false, 'by_amount_20261127T045058.084_11252', 1, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:6766968f352bbf01', NULL, NULL, 'postgres', 'local', '0.32.2', NULL, NULL, NULL, NULL, '20.125', '{"strategy":"incremental","key":"amount","db_type":"numeric"}', NULL, NULL, 672);
INSERT INTO public.export_metrics VALUES (16, 'by_chunk', '2026-11-27T04:50:58.749898940+00:00', 408, 20, 28, 'success', NULL, 'balanced', 'parquet', 'chunked', 3, 3347, 0, NULL, false, 'by_chunk_20261127T045058.314_11252', 3, NULL, NULL, NULL, 0, 10000, 32, NULL, 'xxh3:681d34a1d1e907f3', 8, 1, 'postgres', 'local', '0.32.2', 76, 'id', NULL, NULL, NULL, '{"strategy":"chunked","key":"id","db_type":"int8"}', NULL, NULL, 1540);
INSERT INTO public.export_progression VALUES ('by_id', 'incremental', '20', NULL, 'by_id_20261127T045056.925_11252', '2026-11-27T04:50:57.042491774+00:00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.export_progression VALUES ('by_at', 'incremental', '2026-01-01T00:00:20.002460', NULL, 'by_at_20261127T045057.069_11252', '2026-11-27T04:50:57.289362085+00:00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.export_progression VALUES ('by_local', 'incremental', '2026-01-01T00:00:20.002460', NULL, 'by_local_20261127T045057.326_11252', '2026-11-27T04:50:57.570477745+00:00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.export_progression VALUES ('by_day', 'incremental', '2026-01-21', NULL, 'by_day_20261127T045057.604_11252', '2026-11-27T04:50:57.845042341+00:00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.export_progression VALUES ('by_code', 'incremental', 'c0020', NULL, 'by_code_20261127T045057.951_11252', '2026-11-27T04:50:58.057248985+00:00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.export_progression VALUES ('by_amount', 'incremental', '20.125', NULL, 'by_amount_20261127T045058.084_11252', '2026-11-27T04:50:58.290660703+00:00', NULL, NULL, NULL, NULL, NULL);
INSERT INTO public.export_progression VALUES ('by_chunk', 'chunked', NULL, 2, 'by_chunk_20261127T045058.314_11252', '2026-11-27T04:50:58.649047623+00:00', 'chunked', NULL, 2, 'by_chunk_20261127T045058.314_11252', '2026-11-27T04:50:59.256148462+00:00');
INSERT INTO public.export_state VALUES ('by_id', '20', '2026-11-27T04:50:57.039944202+00:00', NULL, 'id', 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', '{"destination":"file:///shop/out/by_id","format":"parquet"}');
INSERT INTO public.export_state VALUES ('by_at', '2026-01-01T00:00:20.002460', '2026-11-27T04:50:57.289074483+00:00', NULL, 'at', 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', '{"destination":"file:///shop/out/by_at","format":"parquet"}');
INSERT INTO public.export_state VALUES ('by_local', '2026-01-01T00:00:20.002460', '2026-11-27T04:50:57.570189952+00:00', NULL, 'local', 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', '{"destination":"file:///shop/out/by_local","format":"parquet"}');
INSERT INTO public.export_state VALUES ('by_day', '2026-01-21', '2026-11-27T04:50:57.844727060+00:00', NULL, 'day', 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', '{"destination":"file:///shop/out/by_day","format":"parquet"}');
INSERT INTO public.export_state VALUES ('by_code', 'c0020', '2026-11-27T04:50:58.056946240+00:00', NULL, 'code', 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', '{"destination":"file:///shop/out/by_code","format":"parquet"}');
INSERT INTO public.export_state VALUES ('by_amount', '20.125', '2026-11-27T04:50:58.290371442+00:00', NULL, 'amount', 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', '{"destination":"file:///shop/out/by_amount","format":"parquet"}');
INSERT INTO public.export_state VALUES ('by_chunk', NULL, '2026-11-27T04:50:58.458375741+00:00', NULL, NULL, 'postgres://127.0.0.1:55614/shop', 'events', NULL, '', 'from ?', NULL);
INSERT INTO public.file_log VALUES (1, 'by_id_20261127T045056.925_11252', 'by_id', 'by_id_20261127_045056_925_11252_76fc04ed61130da4.parquet', 20, 1213, 'parquet', 'zstd', '2026-11-27T04:50:56.967373419+00:00', NULL);
INSERT INTO public.file_log VALUES (2, 'by_at_20261127T045057.069_11252', 'by_at', 'by_at_20261127_045057_069_11252_8e2e4e71782d9b4b.parquet', 20, 1307, 'parquet', 'zstd', '2026-11-27T04:50:57.237081498+00:00', NULL);
INSERT INTO public.file_log VALUES (3, 'by_local_20261127T045057.326_11252', 'by_local', 'by_local_20261127_045057_326_11252_6bc8668d0c4db4b0.parquet', 20, 1313, 'parquet', 'zstd', '2026-11-27T04:50:57.449488653+00:00', NULL);
INSERT INTO public.file_log VALUES (4, 'by_day_20261127T045057.604_11252', 'by_day', 'by_day_20261127_045057_604_11252_f36f86474caac670.parquet', 20, 1201, 'parquet', 'zstd', '2026-11-27T04:50:57.724920491+00:00', NULL);
INSERT INTO public.file_log VALUES (5, 'by_code_20261127T045057.951_11252', 'by_code', 'by_code_20261127_045057_951_11252_b288f405a79b8b44.parquet', 20, 1213, 'parquet', 'zstd', '2026-11-27T04:50:58.044153528+00:00', NULL);
INSERT INTO public.file_log VALUES (6, 'by_amount_20261127T045058.084_11252', 'by_amount', 'by_amount_20261127_045058_084_11252_4a21bb55fbcda20e.parquet', 20, 1259, 'parquet', 'zstd', '2026-11-27T04:50:58.208676386+00:00', NULL);
INSERT INTO public.file_log VALUES (7, 'by_chunk_20261127T045058.314_11252', 'by_chunk', 'by_chunk_20261127_045058_chunk0_a1502da604c3a897.parquet', 8, 1120, 'parquet', 'zstd', '2026-11-27T04:50:58.535915555+00:00', NULL);
INSERT INTO public.file_log VALUES (8, 'by_chunk_20261127T045058.314_11252', 'by_chunk', 'by_chunk_20261127_045058_chunk1_90733a456c34d8f8.parquet', 8, 1125, 'parquet', 'zstd', '2026-11-27T04:50:58.584603515+00:00', NULL);
INSERT INTO public.file_log VALUES (9, 'by_chunk_20261127T045058.314_11252', 'by_chunk', 'by_chunk_20261127_045058_chunk2_fbd1acbe00fd0728.parquet', 4, 1102, 'parquet', 'zstd', '2026-11-27T04:50:58.623428976+00:00', NULL);
INSERT INTO public.file_log VALUES (10, 'whole_20261127T045058.812_11252', 'whole', 'whole_20261127_045058_812_11252_5ad956c56e6e3a68.parquet', 20, 1213, 'parquet', 'zstd', '2026-11-27T04:50:58.922897136+00:00', NULL);
INSERT INTO public.rivet_schema_version VALUES (38);
SELECT pg_catalog.setval('public.export_metrics_id_seq', 18, true);
SELECT pg_catalog.setval('public.file_manifest_id_seq', 10, true);
ALTER TABLE ONLY public.chunk_run
    ADD CONSTRAINT chunk_run_pkey PRIMARY KEY (run_id);
ALTER TABLE ONLY public.export_metrics
    ADD CONSTRAINT export_metrics_pkey PRIMARY KEY (id);
ALTER TABLE ONLY public.export_progression
    ADD CONSTRAINT export_progression_pkey PRIMARY KEY (export_name);
ALTER TABLE ONLY public.export_state
    ADD CONSTRAINT export_state_pkey PRIMARY KEY (export_name, prefix);
ALTER TABLE ONLY public.file_log
    ADD CONSTRAINT file_manifest_pkey PRIMARY KEY (id);
CREATE UNIQUE INDEX export_metrics_one_running_per_run ON public.export_metrics USING btree (run_id) WHERE (status = 'running'::text);
CREATE INDEX idx_chunk_run_export_status ON public.chunk_run USING btree (export_name, status);
CREATE UNIQUE INDEX idx_chunk_run_one_inprogress ON public.chunk_run USING btree (export_name, COALESCE(source, ''::text)) WHERE (status = 'in_progress'::text);
CREATE INDEX idx_export_metrics_export ON public.export_metrics USING btree (export_name, id DESC);
CREATE INDEX idx_file_log_export ON public.file_log USING btree (export_name, id DESC);
CREATE INDEX idx_file_log_run ON public.file_log USING btree (run_id, file_name);
