-- What the documented tool, version 0.32.0 left after one run over 20 rows; tables that are not read are emptied.
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
INSERT INTO "chunk_run" VALUES('by_chunk_20261127T045051.044_10891','by_chunk','435b9d1c18dc1fbd','completed',4,'2026-11-27T04:50:51.337707264+00:00','2026-11-27T04:50:51.639320098+00:00','postgres://127.0.0.1:55614/shop');
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
INSERT INTO "chunk_task" VALUES(1,'by_chunk_20261127T045051.044_10891',0,'1','8','completed',1,NULL,8,'by_chunk_20261127_045051_chunk0_c71560a6656518eb.parquet','2026-11-27T04:50:51.473134784+00:00');
INSERT INTO "chunk_task" VALUES(2,'by_chunk_20261127T045051.044_10891',1,'9','16','completed',1,NULL,8,'by_chunk_20261127_045051_chunk1_d6b0d0685b2a9602.parquet','2026-11-27T04:50:51.565955987+00:00');
INSERT INTO "chunk_task" VALUES(3,'by_chunk_20261127T045051.044_10891',2,'17','20','completed',1,NULL,4,'by_chunk_20261127_045051_chunk2_bfbf2d055c62c017.parquet','2026-11-27T04:50:51.631402284+00:00');
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
             columns_json TEXT,
             primary_key_json TEXT,
             key_origin TEXT,
             run_id TEXT,
             origin TEXT NOT NULL,
             captured_at TEXT NOT NULL,
             PRIMARY KEY (export_name, unit)
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
INSERT INTO "export_metrics" VALUES(2,'by_id','2026-11-27T04:50:49.423212142+00:00',305,20,28,'success',NULL,'balanced','parquet','incremental',1,1213,0,NULL,0,'by_id_20261127T045049.005_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,'20','{"strategy":"incremental","key":"id","db_type":"int8"}',NULL,NULL,1100);
INSERT INTO "export_metrics" VALUES(4,'by_at','2026-11-27T04:50:49.825185826+00:00',204,20,29,'success',NULL,'balanced','parquet','incremental',1,1307,0,NULL,0,'by_at_20261127T045049.470_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:2541b3136105a932',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,'2026-01-01T00:00:20.002460','{"strategy":"incremental","key":"at","db_type":"timestamptz"}',NULL,NULL,512);
INSERT INTO "export_metrics" VALUES(6,'by_local','2026-11-27T04:50:50.234780299+00:00',214,20,29,'success',NULL,'balanced','parquet','incremental',1,1313,0,NULL,0,'by_local_20261127T045049.871_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:66b030b24ede4d99',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,'2026-01-01T00:00:20.002460','{"strategy":"incremental","key":"local","db_type":"timestamp"}',NULL,NULL,512);
INSERT INTO "export_metrics" VALUES(8,'by_day','2026-11-27T04:50:50.527665054+00:00',206,20,29,'success',NULL,'balanced','parquet','incremental',1,1201,0,NULL,0,'by_day_20261127T045050.284_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:e5bfcfefb791be2b',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,'2026-01-21','{"strategy":"incremental","key":"day","db_type":"date"}',NULL,NULL,432);
INSERT INTO "export_metrics" VALUES(10,'by_code','2026-11-27T04:50:50.776688453+00:00',203,20,29,'success',NULL,'balanced','parquet','incremental',1,1213,0,NULL,0,'by_code_20261127T045050.543_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,'c0020','{"strategy":"incremental","key":"code","db_type":"text"}',NULL,NULL,1100);
INSERT INTO "export_metrics" VALUES(12,'by_amount','2026-11-27T04:50:50.994755346+00:00',100,20,30,'success',NULL,'balanced','parquet','incremental',1,1259,0,NULL,0,'by_amount_20261127T045050.794_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:6766968f352bbf01',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,'20.125','{"strategy":"incremental","key":"amount","db_type":"numeric"}',NULL,NULL,672);
INSERT INTO "export_metrics" VALUES(16,'by_chunk','2026-11-27T04:50:51.792711666+00:00',719,20,30,'success',NULL,'balanced','parquet','chunked',3,3347,0,NULL,0,'by_chunk_20261127T045051.044_10891',3,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',8,1,'postgres','local','0.32.0',88,'id',NULL,NULL,NULL,'{"strategy":"chunked","key":"id","db_type":"int8"}',NULL,NULL,1540);
INSERT INTO "export_metrics" VALUES(18,'whole','2026-11-27T04:50:52.200536593+00:00',310,20,30,'success',NULL,'balanced','parquet','full',1,1213,0,NULL,0,'whole_20261127T045051.816_10891',1,NULL,NULL,NULL,0,10000,32,NULL,'xxh3:681d34a1d1e907f3',NULL,NULL,'postgres','local','0.32.0',NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1100);
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
INSERT INTO "export_progression" VALUES('by_id','incremental','20',NULL,'by_id_20261127T045049.005_10891','2026-11-27T04:50:49.419571329+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_at','incremental','2026-01-01T00:00:20.002460',NULL,'by_at_20261127T045049.470_10891','2026-11-27T04:50:49.812571323+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_local','incremental','2026-01-01T00:00:20.002460',NULL,'by_local_20261127T045049.871_10891','2026-11-27T04:50:50.213691354+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_day','incremental','2026-01-21',NULL,'by_day_20261127T045050.284_10891','2026-11-27T04:50:50.525741106+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_code','incremental','c0020',NULL,'by_code_20261127T045050.543_10891','2026-11-27T04:50:50.775388854+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_amount','incremental','20.125',NULL,'by_amount_20261127T045050.794_10891','2026-11-27T04:50:50.951116743+00:00',NULL,NULL,NULL,NULL,NULL);
INSERT INTO "export_progression" VALUES('by_chunk','chunked',NULL,2,'by_chunk_20261127T045051.044_10891','2026-11-27T04:50:51.651128122+00:00','chunked',NULL,2,'by_chunk_20261127T045051.044_10891','2026-11-27T04:50:52.376401033+00:00');
CREATE TABLE export_schema (
            export_name TEXT PRIMARY KEY,
            columns_json TEXT NOT NULL,
            updated_at TEXT NOT NULL
        );
INSERT INTO "export_schema" VALUES('by_id','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:49.067387361+00:00');
INSERT INTO "export_schema" VALUES('by_at','[{"name":"id","type":"Int64"},{"name":"at","type":"Timestamp(Microsecond, Some(\"UTC\"))"}]','2026-11-27T04:50:49.513886771+00:00');
INSERT INTO "export_schema" VALUES('by_local','[{"name":"id","type":"Int64"},{"name":"local","type":"Timestamp(Microsecond, None)"}]','2026-11-27T04:50:49.925564472+00:00');
INSERT INTO "export_schema" VALUES('by_day','[{"name":"id","type":"Int64"},{"name":"day","type":"Date32"}]','2026-11-27T04:50:50.316569843+00:00');
INSERT INTO "export_schema" VALUES('by_code','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:50.573624354+00:00');
INSERT INTO "export_schema" VALUES('by_amount','[{"name":"id","type":"Int64"},{"name":"amount","type":"Decimal128(12, 3)"}]','2026-11-27T04:50:50.815244250+00:00');
INSERT INTO "export_schema" VALUES('by_chunk','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:51.205210164+00:00');
INSERT INTO "export_schema" VALUES('whole','[{"name":"id","type":"Int64"},{"name":"code","type":"Utf8"}]','2026-11-27T04:50:51.860743775+00:00');
CREATE TABLE export_shape (
            export_name TEXT NOT NULL,
            column_name TEXT NOT NULL,
            max_byte_len INTEGER NOT NULL,
            updated_at TEXT NOT NULL,
            PRIMARY KEY (export_name, column_name)
        );
INSERT INTO "export_shape" VALUES('by_id','code',5,'2026-11-27T04:50:49.219485013+00:00');
INSERT INTO "export_shape" VALUES('by_code','code',5,'2026-11-27T04:50:50.671429271+00:00');
INSERT INTO "export_shape" VALUES('by_chunk','code',5,'2026-11-27T04:50:51.665279001+00:00');
INSERT INTO "export_shape" VALUES('whole','code',5,'2026-11-27T04:50:52.019349619+00:00');
CREATE TABLE export_state (
            export_name TEXT NOT NULL,
            prefix TEXT NOT NULL DEFAULT '',
            last_cursor_value TEXT,
            last_run_at TEXT,
            resume_run_id TEXT,
            cursor_column TEXT, stream TEXT, resume_owner TEXT, source_schema TEXT, population TEXT, destination TEXT,
            PRIMARY KEY (export_name, prefix)
        );
INSERT INTO "export_state" VALUES('by_id','postgres://127.0.0.1:55614/shop','20','2026-11-27T04:50:49.417236578+00:00',NULL,'id','events',NULL,'','from ?','{"destination":"file:///shop/out/by_id","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_at','postgres://127.0.0.1:55614/shop','2026-01-01T00:00:20.002460','2026-11-27T04:50:49.804703153+00:00',NULL,'at','events',NULL,'','from ?','{"destination":"file:///shop/out/by_at","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_local','postgres://127.0.0.1:55614/shop','2026-01-01T00:00:20.002460','2026-11-27T04:50:50.211265067+00:00',NULL,'local','events',NULL,'','from ?','{"destination":"file:///shop/out/by_local","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_day','postgres://127.0.0.1:55614/shop','2026-01-21','2026-11-27T04:50:50.525179284+00:00',NULL,'day','events',NULL,'','from ?','{"destination":"file:///shop/out/by_day","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_code','postgres://127.0.0.1:55614/shop','c0020','2026-11-27T04:50:50.773372294+00:00',NULL,'code','events',NULL,'','from ?','{"destination":"file:///shop/out/by_code","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_amount','postgres://127.0.0.1:55614/shop','20.125','2026-11-27T04:50:50.947274954+00:00',NULL,'amount','events',NULL,'','from ?','{"destination":"file:///shop/out/by_amount","format":"parquet"}');
INSERT INTO "export_state" VALUES('by_chunk','postgres://127.0.0.1:55614/shop',NULL,'2026-11-27T04:50:51.337868264+00:00',NULL,NULL,'events',NULL,'','from ?',NULL);
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
INSERT INTO "file_log" VALUES(1,'by_id_20261127T045049.005_10891','by_id','by_id_20261127_045049_005_10891_dc5c71096daa5581.parquet',20,1213,'parquet','zstd','2026-11-27T04:50:49.204853230+00:00',NULL);
INSERT INTO "file_log" VALUES(2,'by_at_20261127T045049.470_10891','by_at','by_at_20261127_045049_470_10891_8db0907bff3082b5.parquet',20,1307,'parquet','zstd','2026-11-27T04:50:49.594317930+00:00',NULL);
INSERT INTO "file_log" VALUES(3,'by_local_20261127T045049.871_10891','by_local','by_local_20261127_045049_871_10891_478109e736808c8a.parquet',20,1313,'parquet','zstd','2026-11-27T04:50:50.013690951+00:00',NULL);
INSERT INTO "file_log" VALUES(4,'by_day_20261127T045050.284_10891','by_day','by_day_20261127_045050_284_10891_aa9708475c984187.parquet',20,1201,'parquet','zstd','2026-11-27T04:50:50.404662868+00:00',NULL);
INSERT INTO "file_log" VALUES(5,'by_code_20261127T045050.543_10891','by_code','by_code_20261127_045050_543_10891_a303ee9866dca203.parquet',20,1213,'parquet','zstd','2026-11-27T04:50:50.662374090+00:00',NULL);
INSERT INTO "file_log" VALUES(6,'by_amount_20261127T045050.794_10891','by_amount','by_amount_20261127_045050_794_10891_195ea6f7a237957c.parquet',20,1259,'parquet','zstd','2026-11-27T04:50:50.886469563+00:00',NULL);
INSERT INTO "file_log" VALUES(7,'by_chunk_20261127T045051.044_10891','by_chunk','by_chunk_20261127_045051_chunk0_c71560a6656518eb.parquet',8,1120,'parquet','zstd','2026-11-27T04:50:51.460420141+00:00',NULL);
INSERT INTO "file_log" VALUES(8,'by_chunk_20261127T045051.044_10891','by_chunk','by_chunk_20261127_045051_chunk1_d6b0d0685b2a9602.parquet',8,1125,'parquet','zstd','2026-11-27T04:50:51.520404727+00:00',NULL);
INSERT INTO "file_log" VALUES(9,'by_chunk_20261127T045051.044_10891','by_chunk','by_chunk_20261127_045051_chunk2_bfbf2d055c62c017.parquet',4,1102,'parquet','zstd','2026-11-27T04:50:51.597139230+00:00',NULL);
INSERT INTO "file_log" VALUES(10,'whole_20261127T045051.816_10891','whole','whole_20261127_045051_816_10891_269724b570556ba1.parquet',20,1213,'parquet','zstd','2026-11-27T04:50:51.986237761+00:00',NULL);
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
INSERT INTO "run_status" VALUES('by_id_20261127T045049.005_10891','by_id','file:///shop/out/by_id','success','2026-11-27T04:50:49.005785417+00:00','2026-11-27T04:50:49.403061239+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_at_20261127T045049.470_10891','by_at','file:///shop/out/by_at','success','2026-11-27T04:50:49.470460099+00:00','2026-11-27T04:50:49.786312243+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_local_20261127T045049.871_10891','by_local','file:///shop/out/by_local','success','2026-11-27T04:50:49.871516836+00:00','2026-11-27T04:50:50.178968420+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_day_20261127T045050.284_10891','by_day','file:///shop/out/by_day','success','2026-11-27T04:50:50.284580245+00:00','2026-11-27T04:50:50.522970823+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_code_20261127T045050.543_10891','by_code','file:///shop/out/by_code','success','2026-11-27T04:50:50.543251249+00:00','2026-11-27T04:50:50.771590853+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_amount_20261127T045050.794_10891','by_amount','file:///shop/out/by_amount','success','2026-11-27T04:50:50.795021495+00:00','2026-11-27T04:50:50.928960551+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('by_chunk_20261127T045051.044_10891','by_chunk','file:///shop/out/by_chunk','success','2026-11-27T04:50:51.044197317+00:00','2026-11-27T04:50:51.787521922+00:00','postgres://127.0.0.1:55614/shop',NULL);
INSERT INTO "run_status" VALUES('whole_20261127T045051.816_10891','whole','file:///shop/out/whole','success','2026-11-27T04:50:51.816876668+00:00','2026-11-27T04:50:52.188039926+00:00','postgres://127.0.0.1:55614/shop',NULL);
CREATE TABLE schema_version (
            version INTEGER NOT NULL
        );
INSERT INTO "schema_version" VALUES(37);
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
