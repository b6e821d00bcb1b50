"""One export, read by as many tasks as there are workers for.

plan -> shares -> read (mapped, one task per share) -> finish. Airflow places, retries and watches the tasks; what
keeps them from doubling each other's work is in Rivet's state. No task waits for anything: no sensor, no slot that
is held for nothing. docs/deploy-airflow.md goes through it.

Every worker needs `rivet` on its PATH, the folder below, and the variables that rivet.yaml names (DATABASE_URL,
credentials of the store) together with RIVET_STATE_URL, e.g. from a secrets backend or the worker's environment.
"""

from __future__ import annotations

import json
import os
from datetime import datetime, timedelta
from pathlib import Path

from airflow.exceptions import AirflowFailException, AirflowSkipException
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import dag, task

# A folder that all workers see: the configuration, and the plans that go from the first task to the others.
FOLDER = os.environ.get("RIVET_FOLDER", "/opt/rivet")
EXPORT = "orders"
# Shares; those without a chunk are left out.
TASKS = int(os.environ.get("RIVET_MAX_TASKS", "8"))

# One plan per run of the DAG, and the same one for its retries.
PLAN = FOLDER + "/plans/" + EXPORT + "-{{ run_id | replace(':', '') }}.json"


class RivetOperator(BashOperator):
    """A command in the folder. A task that is killed takes its process along, and is tried again.

    What no retry can mend fails at once: a configuration or a command that is wrong (exit code 2), columns that
    differ under on_schema_drift: fail (4).
    """

    FINAL = (2, 4)

    def __init__(self, **settings) -> None:
        super().__init__(
            cwd=FOLDER, append_env=True, do_xcom_push=False, skip_on_exit_code=list(self.FINAL), **settings
        )

    def execute(self, context):
        try:
            return super().execute(context)
        except AirflowSkipException as refusal:
            raise AirflowFailException(f"{refusal} No retry helps: see the log above.") from refusal


@dag(
    dag_id="rivet_orders",
    schedule="30 1 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    # Two runs of one export refuse each other.
    max_active_runs=1,
    default_args={
        "retries": 3,
        "retry_delay": timedelta(seconds=int(os.environ.get("RIVET_RETRY_DELAY_S", "60"))),
        "retry_exponential_backoff": True,
        "max_retry_delay": timedelta(minutes=15),
    },
    tags=["rivet"],
)
def rivet_orders():
    # A retry keeps the plan that is there: what other tasks have read belongs to it.
    plan = RivetOperator(
        task_id="plan",
        bash_command=f"[ -e '{PLAN}' ] || "
        f"rivet plan --config rivet.yaml --export {EXPORT} --tasks {TASKS} --output '{PLAN}'",
    )

    @task
    def shares(path: str) -> list[dict[str, str]]:
        """The environment of each task."""
        planned = json.loads(Path(path).read_text())["tasks"]
        # An empty table is exported too.
        tasks = [share for share in planned if share["chunks"] > 0] or planned[:1]
        return [{"PLAN": path, "TASK": share["task"]} for share in tasks]

    shared = shares(PLAN)

    read = RivetOperator.partial(
        task_id="read",
        # A retry reads what is left of the share.
        bash_command='exec rivet apply "$PLAN" --task "$TASK"',
        retries=5,
        map_index_template="{{ task.env['TASK'] }}",
    ).expand(env=shared)

    # Refuses while a chunk is open, and may be repeated.
    finish = RivetOperator(
        task_id="finish",
        bash_command=f"exec rivet apply '{PLAN}' --finish",
    )

    plan >> shared >> read >> finish


rivet_orders()
