#!/usr/bin/python3
"""check_schema - real alerts against etc/schema/alert-1.json.

Without arguments it reads the events that the unit tests of decide composed
(build/alerts/*.json); with arguments those files.  Every event must pass;
every required key deleted in turn, and one key too many in every object, must
make it fail; and every property of the schema must occur in some event, or be
named here as one that is not emitted yet.
"""
import copy
import json
import pathlib
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMA = json.loads((ROOT / "etc/schema/alert-1.json").read_text("utf-8"))
# Optional, and no test has a value for it.
NOT_SEEN = set()

failed = 0


def say(ok, what, why=""):
    global failed
    failed += not ok
    print(("ok " if ok else "FAIL ") + what + (": " + why if why else ""))


def strict(pairs):
    keys = [k for k, _ in pairs]
    assert len(keys) == len(set(keys)), "duplicate key"
    return dict(pairs)


def resolve(schema):
    while "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def walk(value, schema, path=()):
    """Every (path, object, its schema) of an event."""
    schema = resolve(schema)
    if "oneOf" in schema:
        if value is None:
            return
        schema = resolve(schema["oneOf"][1])
    if isinstance(value, dict):
        yield path, value, schema
        for key, child in value.items():
            yield from walk(child, schema["properties"][key], path + (key,))
    elif isinstance(value, list):
        for i, child in enumerate(value):
            yield from walk(child, schema["items"], path + (i,))


def at(event, path):
    for step in path:
        event = event[step]
    return event


def properties(schema, path=()):
    schema = resolve(schema)
    for part in schema.get("oneOf", []):
        yield from properties(part, path)
    if "items" in schema:
        yield from properties(schema["items"], path)
    for key, child in schema.get("properties", {}).items():
        yield path + (key,)
        yield from properties(child, path + (key,))


def main():
    files = [pathlib.Path(a) for a in sys.argv[1:]]
    if not files:
        files = sorted((ROOT / "build/alerts").glob("*.json"))
    say(bool(files), "there are alerts to check")
    validator = jsonschema.Draft202012Validator(SCHEMA)
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    seen, deleted, added = set(), set(), set()
    bad = []
    for file in files:
        event = json.loads(file.read_text("utf-8"), object_pairs_hook=strict)
        errors = list(validator.iter_errors(event))
        if errors:
            bad.append("%s: %s: %s" % (file.name, errors[0].json_path,
                                       errors[0].message[:200]))
            continue
        for path, value, schema in walk(event, SCHEMA):
            name = tuple(p for p in path if isinstance(p, str))
            seen.update(name + (k,) for k in value)
            for key in schema.get("required", []):
                if name + (key,) in deleted:
                    continue
                less = copy.deepcopy(event)
                del at(less, path)[key]
                say(not validator.is_valid(less),
                    "missed: " + ".".join(name + (key,)))
                deleted.add(name + (key,))
            if name not in added:
                more = copy.deepcopy(event)
                at(more, path)["surplus"] = 1
                say(not validator.is_valid(more),
                    "closed: " + ".".join(name or ("event",)))
                added.add(name)
    say(not bad, "%d alerts are as the schema says" % len(files),
        "; ".join(bad[:3]))
    unseen = set(properties(SCHEMA)) - seen - NOT_SEEN
    say(not unseen, "every property of the schema is emitted",
        ", ".join(sorted(".".join(p) for p in unseen)))
    return 1 if failed else 0


sys.exit(main())
