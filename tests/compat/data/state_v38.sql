-- What the documented tool, version 0.32.2 left after one run over 20 rows; tables that are not read are emptied.
BEGIN TRANSACTION;
CREATE TABLE cdc_snapshot (
            export_name TEXT NOT NULL,
            table_name TEXT NOT NULL,
            prefix TEXT NOT NULL DEFAULT '',
            run_id TEXT NOT NULL,
            completed_at TEXT NOT NULL,
            PRIMARY KEY (export_name, table_name, prefix)
        );
CREATE TABLE chunk_run (
            run_id TEXT PRIMARY KEY,
            export_name TEXT NOT NULL,
            plan_hash TEXT NOT NULL,
            status TEXT NOT NULL,
            max_chunk_attempts INTEGER NOT NULL DEFAULT 3,
            created_at TEXT NOT NULL,
            updated_at TEXT NOT NULL
        , source TEXT);
INSERT INTO "chunk_run" VALUES('by_chunk_20261127T045055.345_11094','by_chunk','435b9d1c18dc1fbd','completed',4,'2026-11-27T04:50:55.617295356+00:00','2026-11-27T04:50:55.869177965+00:00','postgres://127.0.0.1:55614/shop');
CREATE TABLE chunk_task (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run_id TEXT NOT NULL,
            chunk_index INTEGER NOT NULL,
            start_key TEXT NOT NULL,
            end_key TEXT NOT NULL,
            status TEXT NOT NULL,
            attempts INTEGER NOT NULL DEFAULT 0,
            last_error TEXT,
            rows_written INTEGER,
            file_name TEXT,
            updated_at TEXT NOT NULL,
            UNIQUE(run_id, chunk_index)
        );
INSERT INTO "chunk_task" VALUES(1,'by_chunk_20261127T045055.345_11094',0,'1','8','completed',1,NULL,8,'by_chunk_20261127_045055_chunk0_fcdf023dde7d8aca.parquet','2026-11-27T04:50:55.724533122+00:00');
INSERT INTO "chunk_task" VALUES(2,'by_chunk_20261127T045055.345_11094',1,'9','16','completed',1,NULL,8,'by_chunk_20261127_045055_chunk1_b2d2eba20a7f2af1.parquet','2026-11-27T04:50:55.798956023+00:00');
INSERT INTO "chunk_task" VALUES(3,'by_chunk_20261127T045055.345_11094',2,'17','20','completed',1,NULL,4,'by_chunk_20261127_045055_chunk2_69018ffd69ede3cd.parquet','2026-11-27T04:50:55.862996589+00:00');
CREATE TABLE export_harm (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run_id TEXT NOT NULL,
            export_name TEXT NOT NULL,
            metric TEXT NOT NULL,
            delta INTEGER NOT NULL,
            recorded_at TEXT NOT NULL
        );
CREATE TABLE export_load_spec (
             export_name TEXT NOT NULL,
             unit TEXT NOT NULL DEFAULT '',
             source TEXT NOT NULL DEFAULT '',
             columns_json TEXT,
             primary_key_json TEXT,
             key_origin TEXT,
             run_id TEXT,
             origin TEXT NOT NULL,
             captured_at TEXT NOT NULL,
             PRIMARY KEY (export_name, unit, source)
         );
CREATE TABLE export_load_spec_run (
            export_name TEXT NOT NULL,
            unit TEXT NOT NULL DEFAULT '',
            run_id TEXT NOT NULL,
            spec_id INTEGER NOT NULL,
            captured_at TEXT NOT NULL,
            PRIMARY KEY (export_name, unit, run_id)
        );
CREATE TABLE export_metrics (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            export_name TEXT NOT NULL,
            run_at TEXT NOT NULL,
            duration_ms INTEGER NOT NULL,
            total_rows INTEGER NOT NULL,
            peak_rss_mb INTEGER,
            status TEXT NOT NULL,
            error_message TEXT,
            tuning_profile TEXT,
            format TEXT,
            mode TEXT,
            files_produced INTEGER DEFAULT 0,
            bytes_written INTEGER DEFAULT 0,
            retries INTEGER DEFAULT 0,
            validated INTEGER,
            schema_changed INTEGER,
            run_id TEXT
        , files_committed INTEGER, reconciled INTEGER, source_count INTEGER, quality_passed INTEGER, pg_temp_bytes_delta INTEGER, batch_size INTEGER, batch_size_memory_mb INTEGER, skip_reason TEXT, schema_fingerprint TEXT, chunk_size INTEGER, parallel INTEGER, source_type TEXT, destination_type TEXT, rivet_version TEXT, longest_chunk_ms INTEGER, chunk_key TEXT, error_class TEXT, cursor_min TEXT, cursor_max TEXT, key_descriptor_json TEXT, offending_value TEXT, server_context_json TEXT, bytes_read INTEGER);
INSERT INTO "export_metrics" VALUES(2,'by_id','2026-11-27T04:50:53.566380339+00:00',203,20,28,'success',NULL,'balanced','parquet','incremental',1,1213,0,NULL,0,'by_id_20261127T045053.283_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,'20','{"strategy":"incremental","key":"id","db_type":"int8"}',NULL,NULL,1100);
INSERT INTO "export_metrics" VALUES(4,'by_at','2026-11-27T04:50:53.943066945+00:00',204,20,29,'success',NULL,'balanced','parquet','incremental',1,1307,0,NULL,0,'by_at_20261127T045053.606_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:2541b3136105a932',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,'2026-01-01T00:00:20.002460','{"strategy":"incremental","key":"at","db_type":"timestamptz"}',NULL,NULL,512);
INSERT INTO "export_metrics" VALUES(6,'by_local','2026-11-27T04:50:54.386964602+00:00',201,20,29,'success',NULL,'balanced','parquet','incremental',1,1313,0,NULL,0,'by_local_20261127T045054.002_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:66b030b24ede4d99',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,'2026-01-01T00:00:20.002460','{"strategy":"incremental","key":"local","db_type":"timestamp"}',NULL,NULL,512);
INSERT INTO "export_metrics" VALUES(8,'by_day','2026-11-27T04:50:54.715336538+00:00',200,20,29,'success',NULL,'balanced','parquet','incremental',1,1201,0,NULL,0,'by_day_20261127T045054.421_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:e5bfcfefb791be2b',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,'2026-01-21','{"strategy":"incremental","key":"day","db_type":"date"}',NULL,NULL,432);
INSERT INTO "export_metrics" VALUES(10,'by_code','2026-11-27T04:50:55.068846796+00:00',207,20,29,'success',NULL,'balanced','parquet','incremental',1,1213,0,NULL,0,'by_code_20261127T045054.734_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,'c0020','{"strategy":"incremental","key":"code","db_type":"text"}',NULL,NULL,1100);
INSERT INTO "export_metrics" VALUES(12,'by_amount','2026-11-27T04:50:55.284090934+00:00',102,20,29,'success',NULL,'balanced','parquet','incremental',1,1259,0,NULL,0,'by_amount_20261127T045055.100_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:6766968f352bbf01',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,'20.125','{"strategy":"incremental","key":"amount","db_type":"numeric"}',NULL,NULL,672);
INSERT INTO "export_metrics" VALUES(16,'by_chunk','2026-11-27T04:50:56.075390426+00:00',605,20,30,'success',NULL,'balanced','parquet','chunked',3,3347,0,NULL,0,'by_chunk_20261127T045055.345_11094',3,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',8,1,'postgres','local','0.32.2',90,'id',NULL,NULL,NULL,'{"strategy":"chunked","key":"id","db_type":"int8"}',NULL,NULL,1540);
INSERT INTO "export_metrics" VALUES(18,'whole','2026-11-27T04:50:56.422036155+00:00',227,20,30,'success',NULL,'balanced','parquet','full',1,1213,0,NULL,0,'whole_20261127T045056.104_11094',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',NULL,NULL,'postgres','local','0.32.2',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1100);
CREATE TABLE export_progression (
            export_name TEXT PRIMARY KEY,
            last_committed_strategy TEXT,
            last_committed_cursor TEXT,
            last_committed_chunk_index INTEGER,
            last_committed_run_id TEXT,
            last_committed_at TEXT,
            last_verified_strategy TEXT,
            last_verified_cursor TEXT,
            last_verified_chunk_index INTEGER,
            last_verified_run_id TEXT,
            last_verified_at TEXT
        );
INSERT INTO "export_progression" VALUES('by_id','incremental','20',NULL,'by_id_20261127T045053.283_11094','2026-11-27T04:50:53.559104865+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_at','incremental','2026-01-01T00:00:20.002460',NULL,'by_at_20261127T045053.606_11094','2026-11-27T04:50:53.927392783+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_local','incremental','2026-01-01T00:00:20.002460',NULL,'by_local_20261127T045054.002_11094','2026-11-27T04:50:54.358209514+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_day','incremental','2026-01-21',NULL,'by_day_20261127T045054.421_11094','2026-11-27T04:50:54.708691354+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_code','incremental','c0020',NULL,'by_code_20261127T045054.734_11094','2026-11-27T04:50:55.047021554+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_amount','incremental','20.125',NULL,'by_amount_20261127T045055.100_11094','2026-11-27T04:50:55.281866738+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_chunk','chunked',NULL,2,'by_chunk_20261127T045055.345_11094','2026-11-27T04:50:55.890380483+00:00','chunked',NULL,2,'by_chunk_20261127T045055.345_11094','2026-11-27T04:50:56.558877296+00:00');
CREATE TABLE export_schema (
            export_name TEXT PRIMARY KEY,
            columns_json TEXT NOT NULL,
            updated_at TEXT NOT NULL
        );
INSERT INTO "export_schema" VALUES('by_id','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:53.322525275+00:00');
INSERT INTO "export_schema" VALUES('by_at','[{"name":"id","type":"Int64"},{"name":"at","type":"Timestamp(Microsecond, Some(\"UTC\"))"}]','2026-11-27T04:50:53.654648017+00:00');
INSERT INTO "export_schema" VALUES('by_local','[{"name":"id","type":"Int64"},{"name":"local","type":"Timestamp(Microsecond, None)"}]','2026-11-27T04:50:54.105295764+00:00');
INSERT INTO "export_schema" VALUES('by_day','[{"name":"id","type":"Int64"},{"name":"day","type":"Date32"}]','2026-11-27T04:50:54.458713707+00:00');
INSERT INTO "export_schema" VALUES('by_code','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:54.783206537+00:00');
INSERT INTO "export_schema" VALUES('by_amount','[{"name":"id","type":"Int64"},{"name":"amount","type":"Decimal128(12, 3)"}]','2026-11-27T04:50:55.118937958+00:00');
INSERT INTO "export_schema" VALUES('by_chunk','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:55.384925038+00:00');
INSERT INTO "export_schema" VALUES('whole','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:56.153505661+00:00');
CREATE TABLE export_shape (
            export_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            max_byte_len INTEGER NOT NULL,
            updated_at TEXT NOT NULL,
            PRIMARY KEY (export_name, column_name)
        );
INSERT INTO "export_shape" VALUES('by_id','code',5,'2026-11-27T04:50:53.423605920+00:00');
INSERT INTO "export_shape" VALUES('by_code','code',5,'2026-11-27T04:50:54.909492543+00:00');
INSERT INTO "export_shape" VALUES('by_chunk','code',5,'2026-11-27T04:50:55.898293033+00:00');
INSERT INTO "export_shape" VALUES('whole','code',5,'2026-11-27T04:50:56.299244729+00:00');
CREATE TABLE export_state (
            export_name TEXT NOT NULL,
            prefix TEXT NOT NULL DEFAULT '',
            last_cursor_value TEXT,
            last_run_at TEXT,
            resume_run_id TEXT,
            cursor_column TEXT, stream TEXT, resume_owner TEXT, source_schema TEXT, population TEXT, destination TEXT,
            PRIMARY KEY (export_name, prefix)
        );
INSERT INTO "export_state" VALUES('by_id','postgres://127.0.0.1:55614/shop','20','2026-11-27T04:50:53.551378904+00:00',NULL,'id','events',NULL,'','from ?','{"destination":"file:///shop/out/by_id","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_at','postgres://127.0.0.1:55614/shop','2026-01-01T00:00:20.002460','2026-11-27T04:50:53.919253745+00:00',NULL,'at','events',NULL,'','from ?','{"destination":"file:///shop/out/by_at","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_local','postgres://127.0.0.1:55614/shop','2026-01-01T00:00:20.002460','2026-11-27T04:50:54.354433679+00:00',NULL,'local','events',NULL,'','from ?','{"destination":"file:///shop/out/by_local","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_day','postgres://127.0.0.1:55614/shop','2026-01-21','2026-11-27T04:50:54.703099261+00:00',NULL,'day','events',NULL,'','from ?','{"destination":"file:///shop/out/by_day","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_code','postgres://127.0.0.1:55614/shop','c0020','2026-11-27T04:50:55.045103655+00:00',NULL,'code','events',NULL,'','from ?','{"destination":"file:///shop/out/by_code","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_amount','postgres://127.0.0.1:55614/shop','20.125','2026-11-27T04:50:55.279228250+00:00',NULL,'amount','events',NULL,'','from ?','{"destination":"file:///shop/out/by_amount","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_chunk','postgres://127.0.0.1:55614/shop',NULL,'2026-11-27T04:50:55.617457214+00:00',NULL,NULL,'events',NULL,'','from ?',NULL);
CREATE TABLE "file_log" (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run_id TEXT NOT NULL,
            export_name TEXT NOT NULL,
            file_name TEXT NOT NULL,
            row_count INTEGER NOT NULL,
            bytes INTEGER NOT NULL,
            format TEXT NOT NULL,
            compression TEXT,
            created_at TEXT NOT NULL
        , cursor_high TEXT);
INSERT INTO "file_log" VALUES(1,'by_id_20261127T045053.283_11094','by_id','by_id_20261127_045053_283_11094_616db4edd637bf23.parquet',20,1213,'parquet','zstd','2026-11-27T04:50:53.414717252+00:00',NULL);
INSERT INTO "file_log" VALUES(2,'by_at_20261127T045053.606_11094','by_at','by_at_20261127_045053_606_11094_e425fa188f79a652.parquet',20,1307,'parquet','zstd','2026-11-27T04:50:53.693244206+00:00',NULL);
INSERT INTO "file_log" VALUES(3,'by_local_20261127T045054.002_11094','by_local','by_local_20261127_045054_002_11094_7a49491f2baff923.parquet',20,1313,'parquet','zstd','2026-11-27T04:50:54.183033502+00:00',NULL);
INSERT INTO "file_log" VALUES(4,'by_day_20261127T045054.421_11094','by_day','by_day_20261127_045054_421_11094_fe8256e820af19fd.parquet',20,1201,'parquet','zstd','2026-11-27T04:50:54.528263520+00:00',NULL);
INSERT INTO "file_log" VALUES(5,'by_code_20261127T045054.734_11094','by_code','by_code_20261127_045054_734_11094_20a610cf25dd824f.parquet',20,1213,'parquet','zstd','2026-11-27T04:50:54.896174092+00:00',NULL);
INSERT INTO "file_log" VALUES(6,'by_amount_20261127T045055.100_11094','by_amount','by_amount_20261127_045055_100_11094_fa3a5ddfe7040630.parquet',20,1259,'parquet','zstd','2026-11-27T04:50:55.151189956+00:00',NULL);
INSERT INTO "file_log" VALUES(7,'by_chunk_20261127T045055.345_11094','by_chunk','by_chunk_20261127_045055_chunk0_fcdf023dde7d8aca.parquet',8,1120,'parquet','zstd','2026-11-27T04:50:55.714311077+00:00',NULL);
INSERT INTO "file_log" VALUES(8,'by_chunk_20261127T045055.345_11094','by_chunk','by_chunk_20261127_045055_chunk1_b2d2eba20a7f2af1.parquet',8,1125,'parquet','zstd','2026-11-27T04:50:55.788815012+00:00',NULL);
INSERT INTO "file_log" VALUES(9,'by_chunk_20261127T045055.345_11094','by_chunk','by_chunk_20261127_045055_chunk2_69018ffd69ede3cd.parquet',4,1102,'parquet','zstd','2026-11-27T04:50:55.841902297+00:00',NULL);
INSERT INTO "file_log" VALUES(10,'whole_20261127T045056.104_11094','whole','whole_20261127_045056_104_11094_495867e66c950ea2.parquet',20,1213,'parquet','zstd','2026-11-27T04:50:56.292163804+00:00',NULL);
CREATE TABLE keyset_range (
            export_name TEXT NOT NULL,
            source      TEXT,
            run_id      TEXT NOT NULL,
            range_index INTEGER NOT NULL,
            lo          TEXT,
            hi          TEXT,
            done        INTEGER NOT NULL DEFAULT 0,
            updated_at  TEXT NOT NULL,
            key_column  TEXT
        , max_key TEXT);
CREATE TABLE load_run (
            load_id TEXT PRIMARY KEY,
            export_name TEXT NOT NULL,
            target_table TEXT NOT NULL,
            warehouse TEXT NOT NULL,
            mode TEXT NOT NULL,
            source_run_ids TEXT NOT NULL,
            rows_loaded INTEGER NOT NULL,
            status TEXT NOT NULL,
            finished_at TEXT NOT NULL
        );
CREATE TABLE load_spec_version (
            spec_id INTEGER PRIMARY KEY AUTOINCREMENT,
            export_name TEXT NOT NULL,
            unit TEXT NOT NULL DEFAULT '',
            columns_json TEXT NOT NULL,
            primary_key_json TEXT,
            captured_at TEXT NOT NULL
        );
CREATE TABLE loaded_source_run (
            target_table TEXT NOT NULL,
            source_run_id TEXT NOT NULL,
            load_id TEXT NOT NULL,
            loaded_at TEXT NOT NULL, source_ident TEXT,
            PRIMARY KEY (target_table, source_run_id)
        );
CREATE TABLE run_aggregate (
            run_aggregate_id TEXT PRIMARY KEY,
            started_at TEXT NOT NULL,
            finished_at TEXT NOT NULL,
            duration_ms INTEGER NOT NULL,
            config_path TEXT,
            parallel_mode TEXT NOT NULL,
            total_exports INTEGER NOT NULL,
            success_count INTEGER NOT NULL,
            failed_count INTEGER NOT NULL,
            skipped_count INTEGER NOT NULL,
            total_rows INTEGER NOT NULL,
            total_files INTEGER NOT NULL,
            total_bytes INTEGER NOT NULL,
            details_json TEXT NOT NULL
        );
CREATE TABLE run_journal (
            run_id TEXT PRIMARY KEY,
            export_name TEXT NOT NULL,
            finished_at TEXT NOT NULL,
            journal_json TEXT NOT NULL
        );
CREATE TABLE run_status (
            run_id      TEXT PRIMARY KEY,
            export_name TEXT NOT NULL,
            prefix      TEXT NOT NULL,
            status      TEXT NOT NULL,
            started_at  TEXT NOT NULL,
            finished_at TEXT
         , source TEXT, plan_id TEXT);
INSERT INTO "run_status" VALUES('by_id_20261127T045053.283_11094','by_id','file:///shop/out/by_id','success','2026-11-27T04:50:53.283533736+00:00','2026-11-27T04:50:53.540925238+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_at_20261127T045053.606_11094','by_at','file:///shop/out/by_at','success','2026-11-27T04:50:53.606439559+00:00','2026-11-27T04:50:53.902110065+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_local_20261127T045054.002_11094','by_local','file:///shop/out/by_local','success','2026-11-27T04:50:54.002180980+00:00','2026-11-27T04:50:54.316322928+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_day_20261127T045054.421_11094','by_day','file:///shop/out/by_day','success','2026-11-27T04:50:54.421957929+00:00','2026-11-27T04:50:54.696139151+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_code_20261127T045054.734_11094','by_code','file:///shop/out/by_code','success','2026-11-27T04:50:54.735021326+00:00','2026-11-27T04:50:55.020646214+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_amount_20261127T045055.100_11094','by_amount','file:///shop/out/by_amount','success','2026-11-27T04:50:55.100442337+00:00','2026-11-27T04:50:55.266388199+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_chunk_20261127T045055.345_11094','by_chunk','file:///shop/out/by_chunk','success','2026-11-27T04:50:55.345967909+00:00','2026-11-27T04:50:56.062925518+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('whole_20261127T045056.104_11094','whole','file:///shop/out/whole','success','2026-11-27T04:50:56.104420447+00:00','2026-11-27T04:50:56.393316463+00:00','postgres://127.0.0.1:55614/shop',NULL);
CREATE TABLE schema_version (
            version INTEGER NOT NULL
        );
INSERT INTO "schema_version" VALUES(38);
CREATE TABLE state_lease (
            lease_key TEXT PRIMARY KEY,
            holder TEXT NOT NULL,
            expires_at TEXT NOT NULL
        );
CREATE TABLE strategy_snapshot (
             id INTEGER PRIMARY KEY AUTOINCREMENT,
             export_name TEXT NOT NULL,
             source_schema TEXT,
             source_table TEXT NOT NULL,
             row_estimate BIGINT,
             total_bytes BIGINT,
             avg_row_bytes BIGINT,
             chosen_mode TEXT NOT NULL,
             strategy_kind TEXT,
             key_column TEXT,
             chunk_size BIGINT,
             rivet_version TEXT NOT NULL,
             captured_at TEXT NOT NULL
         , catalog_rows INTEGER, density REAL, estimate_method TEXT, probe_k INTEGER, probe_w INTEGER);
CREATE INDEX idx_chunk_run_export_status
            ON chunk_run(export_name, status);
CREATE INDEX idx_chunk_task_run_status ON chunk_task(run_id, status);
CREATE INDEX idx_run_aggregate_finished
            ON run_aggregate(finished_at DESC);
CREATE INDEX idx_run_journal_export
            ON run_journal(export_name, finished_at DESC);
CREATE INDEX idx_file_log_export ON file_log(export_name, id DESC);
CREATE INDEX idx_export_harm_run ON export_harm(run_id);
CREATE INDEX idx_load_run_target
            ON load_run(target_table, finished_at DESC);
CREATE INDEX idx_run_status_prefix ON run_status(prefix);
CREATE UNIQUE INDEX export_metrics_one_running_per_run
             ON export_metrics(run_id) WHERE status = 'running';
CREATE INDEX idx_strategy_snapshot_export
             ON strategy_snapshot(export_name, id DESC);
CREATE INDEX idx_load_spec_version_unit ON load_spec_version(export_name, unit);
CREATE INDEX idx_file_log_run ON file_log(run_id, file_name);
CREATE INDEX idx_export_metrics_export ON export_metrics(export_name, id DESC);
CREATE UNIQUE INDEX idx_chunk_run_one_inprogress
            ON chunk_run(export_name, COALESCE(source, '')) WHERE status='in_progress';
CREATE UNIQUE INDEX idx_keyset_range_stream
            ON keyset_range(export_name, COALESCE(source, ''), range_index);
COMMIT;
