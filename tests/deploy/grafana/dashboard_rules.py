# SPDX-License-Identifier: Apache-2.0
"""What must be true of a dashboard file: Grafana's JSON schemas, and the rules of its dashboard linter."""
import json
import pathlib
import re

import jsonschema

SCHEMAS = pathlib.Path(__file__).resolve().parent / "schemas"
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
MATCHERS = ('job=~"$job"', 'instance=~"$instance"')
SELECTOR = re.compile(r"\b((?:recurve|process)_\w+|up)(\{[^}]*\})?")
RANGE = re.compile(r"\b(\w+)\([^()]*(?:\{[^}]*\})?\[([^\]]+)\]\)")
RANGES = {"rate": "$__rate_interval", "irate": "$__rate_interval"}
COUNTER_FUNCTIONS = {"rate", "irate", "increase"}


def load_schema(name):
    schema = json.loads((SCHEMAS / f"{name}.json").read_text())
    definitions = schema["definitions"]
    # The schemas say "an object" where Grafana's source says "anything".
    for owner, field in (("DynamicConfigValue", "value"), ("MatcherConfig", "options")):
        if owner in definitions:
            definitions[owner]["properties"][field] = {}
    return schema


def units():
    return {unit["const"] for unit in load_schema("units")["definitions"].values() if "const" in unit}


def faults_of(schema_name, value, where, definition=None):
    schema = load_schema(schema_name)
    if definition:
        schema = {"definitions": schema["definitions"], "$ref": f"#/definitions/{definition}"}
    for error in jsonschema.Draft7Validator(schema).iter_errors(value):
        best = jsonschema.exceptions.best_match([error])
        yield f"{where}: {best.json_path}: {best.message[:300]}"


def schema_faults(dashboard):
    """Against the schema of dashboards, and for each panel those of its kind and of its queries."""
    yield from faults_of("dashboard", dashboard, dashboard["title"])
    for panel in panels(dashboard):
        where = f"{dashboard['title']}: {panel['title']}"
        yield from faults_of(panel["type"], panel["options"], where, "Options")
        if custom := panel["fieldConfig"]["defaults"].get("custom"):
            yield from faults_of(panel["type"], custom, where, "FieldConfig")
        for target in panel["targets"]:
            yield from faults_of("prometheus", target, where)


def panels(dashboard):
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def variable_faults(dashboard):
    """template-datasource-rule, template-job-rule, template-instance-rule and template-on-time-change-reload-rule."""
    variables = {variable["name"]: variable for variable in dashboard["templating"]["list"]}
    datasource = variables.get("datasource", {})
    if (datasource.get("type"), datasource.get("query"), datasource.get("label")) != (
            "datasource", "prometheus", "Data source"):
        yield "variable datasource"
    for name in ("job", "instance"):
        variable = variables.get(name, {})
        if (variable.get("type"), variable.get("label"), variable.get("multi"), variable.get("allValue")) != (
                "query", name.capitalize(), True, ".+"):
            yield f"variable {name}"
    for variable in variables.values():
        if variable["type"] == "query" and (variable["datasource"] != DATASOURCE or variable["refresh"] != 2):
            yield f"variable {variable['name']}: data source or refresh"


def query_faults(expression):
    """target-job-rule, target-instance-rule, target-rate-interval-rule and target-counter-agg-rule."""
    for metric, matchers in SELECTOR.findall(expression):
        if any(matcher not in matchers for matcher in MATCHERS):
            yield f"{metric} lacks the matchers of job and instance"
    inside = "".join(match.group(0) for match in RANGE.finditer(expression) if match.group(1) in COUNTER_FUNCTIONS)
    for function, span in RANGE.findall(expression):
        if span != RANGES.get(function, span):
            yield f"{function} over {span}"
    for metric in re.findall(r"\b\w+_(?:total|bucket)\b", expression):
        if metric not in inside:
            yield f"{metric} is a counter, but not in rate or increase"


def lint_faults(dashboard, known_units):
    """The rules of Grafana's dashboard linter, and what its rules leave open: rows, links and a stable uid."""
    yield from variable_faults(dashboard)
    if dashboard["editable"] or not dashboard["uid"] or "id" in dashboard:
        yield "must have a uid, no id, and not be editable"
    if dashboard["panels"][0]["type"] != "row":
        yield "must begin with a row"
    if not any(link["type"] == "dashboards" and link["tags"] == dashboard["tags"] for link in dashboard["links"]):
        yield "must link to the other dashboards"
    for panel in panels(dashboard):
        where = f"panel {panel['title']}: "
        if not panel["title"] or not panel["description"]:
            yield where + "title or description"
        if panel["fieldConfig"]["defaults"].get("unit") not in known_units:
            yield where + "unit"
        if panel["datasource"] != DATASOURCE or not panel["targets"]:
            yield where + "data source or queries"
        for target in panel["targets"]:
            if target["datasource"] != DATASOURCE or not target["legendFormat"]:
                yield where + "data source or legend of a query"
            yield from (where + fault for fault in query_faults(target["expr"]))


def place_faults(dashboard):
    """Panels lie in the grid, do not overlap and have ids of their own."""
    taken = set()
    for panel in dashboard["panels"]:
        place = panel["gridPos"]
        cells = {(x, y) for x in range(place["x"], place["x"] + place["w"])
                 for y in range(place["y"], place["y"] + place["h"])}
        if cells & taken or place["x"] + place["w"] > 24:
            yield f"panel {panel['title']} overlaps"
        taken |= cells
    if len({panel["id"] for panel in dashboard["panels"]}) != len(dashboard["panels"]):
        yield "ids of panels"
