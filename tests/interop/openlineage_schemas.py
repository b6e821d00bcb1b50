"""Writes fixtures/openlineage/schemas.json from the classes of openlineage-python, which are generated from
the published schemas. Fields that a class does not know are refused, where the published schemas let them be.

    pip install openlineage-python==1.54.0 && python tests/interop/openlineage_schemas.py
"""
import importlib, json, pathlib, pkgutil, re, types, typing
from enum import Enum

import attr
from openlineage.client import generated

OUT = pathlib.Path(__file__).parents[2] / "fixtures/openlineage/schemas.json"
UUID = "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
TIME = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$"
URI = "^[a-z][a-z0-9+.-]*:[^\\s]*$"
TEXTS = {"runId": UUID, "eventTime": TIME, "producer": URI, "schemaURL": URI, "uri": URI,
         "_producer": URI, "_schemaURL": URI}
PLAIN = {str: "string", int: "integer", bool: "boolean", float: "number"}


def key(cls):
    return f"{cls.__module__.rsplit('.', 1)[-1]}.{cls.__name__}"


def schema_of(hint, defs, field=""):
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        kinds = [a for a in args if a is not type(None)]
        found = [schema_of(a, defs, field) for a in kinds]
        return found[0] if len(found) == 1 else {"anyOf": found}
    if origin is list:
        return {"type": "array", "items": schema_of(args[0], defs)}
    if origin is dict:
        return {"type": "object", "additionalProperties": schema_of(args[1], defs)}
    if hint is str and field in TEXTS:
        return {"type": "string", "pattern": TEXTS[field]}
    if hint in PLAIN:
        return {"type": PLAIN[hint]}
    if isinstance(hint, type) and issubclass(hint, Enum):
        return {"enum": [item.value for item in hint]}
    if attr.has(hint):
        define(hint, defs)
        return {"$ref": f"#/$defs/{key(hint)}"}
    return {}


def define(cls, defs):
    if key(cls) in defs:
        return
    defs[key(cls)] = entry = {"type": "object"}
    # Facets of an event are looked up by the schema that each names.
    base = cls.__name__ in ("DatasetFacet", "InputDatasetFacet", "OutputDatasetFacet", "RunFacet",
                            "JobFacet", "BaseFacet")
    hints = typing.get_type_hints(cls)
    fields = {f.name: schema_of(hints[f.name], defs, f.name) for f in attr.fields(cls)}
    required = [f.name for f in attr.fields(cls)
                if f.default is attr.NOTHING or f.name in TEXTS and f.name != "uri"]
    entry |= {"properties": fields, "required": sorted(required), "additionalProperties": base}
    if hasattr(cls, "_get_schema"):
        entry["title"] = cls._get_schema()


def main():
    defs = {}
    for found in pkgutil.iter_modules(generated.__path__):
        module = importlib.import_module(f"{generated.__name__}.{found.name}")
        for cls in vars(module).values():
            if isinstance(cls, type) and attr.has(cls) and cls.__module__ == module.__name__:
                define(cls, defs)
    wanted = {}

    def keep(name):
        if name in wanted:
            return
        wanted[name] = defs[name]
        for other in re.findall(r'"#/\$defs/([^"]+)"', json.dumps(defs[name])):
            keep(other)

    keep("base.RunEvent")
    for name, entry in defs.items():
        if name.endswith("Facet") and "/facets/" in entry.get("title", ""):
            keep(name)
    OUT.write_text(json.dumps({"$defs": dict(sorted(wanted.items()))}, indent=1) + "\n")


main()
