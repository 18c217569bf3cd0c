# SPDX-License-Identifier: Apache-2.0
"""Building blocks of Grafana dashboards. In a query, @ stands for the matchers of the variables job and instance."""
import dataclasses

SCHEMA_VERSION = 39  # Grafana 11; later ones migrate when they load
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
MATCHERS = 'job=~"$job",instance=~"$instance"'
WIDTH = 24  # columns of Grafana's grid
ALL = {"text": "All", "value": "$__all"}


@dataclasses.dataclass
class Query:
    expr: str
    legend: str
    format: str = "time_series"


def thresholds(*steps):
    """Colors from values on; the first one needs no value."""
    return {"mode": "absolute", "steps": [{"color": color, "value": value} for color, value in steps]}


NEUTRAL = thresholds(("green", None))


def panel(kind, title, description, unit, queries, defaults, options, overrides=()):
    """A panel without its place. Queries are Query or (expression, legend)."""
    targets = []
    for index, query in enumerate(queries):
        query = query if isinstance(query, Query) else Query(*query)
        targets.append({
            "refId": chr(ord("A") + index), "datasource": DATASOURCE, "expr": query.expr.replace("@", MATCHERS),
            "legendFormat": query.legend, "format": query.format, "range": True, "instant": False})
    return {"type": kind, "title": title, "description": description, "datasource": DATASOURCE, "targets": targets,
            "fieldConfig": {"defaults": {"unit": unit, **defaults}, "overrides": list(overrides)}, "options": options}


def stat(title, description, unit, query, colors=NEUTRAL, decimals=None):
    """The last value, on the color of its threshold."""
    defaults = {"thresholds": colors, "color": {"mode": "thresholds"}, "mappings": [], "noValue": "none"}
    if decimals is not None:
        defaults["decimals"] = decimals
    options = {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False}, "orientation": "auto",
        "textMode": "auto", "colorMode": "background", "graphMode": "none", "justifyMode": "auto", "wideLayout": True,
        "showPercentChange": False, "percentChangeColorMode": "standard"}
    return panel("stat", title, description, unit, [query], defaults, options)


def timeseries(title, description, unit, queries, stacked=False, band=None, limits=(), zero=True):
    """Lines over time. `band` are thresholds drawn as areas. Queries whose legend begins with one of `limits` are
    dashed red lines, which are not stacked."""
    custom = {
        "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "fillOpacity": 60 if stacked else 10,
        "gradientMode": "none", "showPoints": "auto", "pointSize": 5, "spanNulls": False, "axisPlacement": "auto",
        "stacking": {"mode": "normal" if stacked else "none", "group": "A"},
        "thresholdsStyle": {"mode": "area" if band else "off"}}
    defaults = {"custom": custom, "thresholds": band or NEUTRAL, "color": {"mode": "palette-classic"}, "mappings": []}
    if zero:
        defaults["min"] = 0
    limit = [
        {"id": "color", "value": {"mode": "fixed", "fixedColor": "red"}},
        {"id": "custom.lineStyle", "value": {"fill": "dash", "dash": [10, 10]}},
        {"id": "custom.fillOpacity", "value": 0},
        {"id": "custom.stacking", "value": {"mode": "none", "group": "B"}}]
    overrides = [{"matcher": {"id": "byRegexp", "options": f"/^{legend}/"}, "properties": limit} for legend in limits]
    options = {"legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
               "tooltip": {"mode": "multi", "sort": "desc"}}
    return panel("timeseries", title, description, unit, queries, defaults, options, overrides)


def heatmap(title, description, unit, expr):
    """How many observations fell into each bucket of a histogram, over time."""
    options = {
        "calculate": False, "cellGap": 1, "showValue": "never", "filterValues": {"le": 1e-9},
        "color": {"mode": "scheme", "scheme": "Oranges", "fill": "dark-orange", "scale": "exponential", "exponent": 0.5,
                  "steps": 64, "reverse": False},
        "yAxis": {"unit": unit, "axisPlacement": "left", "reverse": False},
        "rowsFrame": {"layout": "auto"}, "legend": {"show": True}, "exemplars": {"color": "rgba(255,0,255,0.7)"},
        "tooltip": {"mode": "single", "yHistogram": False, "showColorScale": False}}
    defaults = {"custom": {"scaleDistribution": {"type": "linear"},
                           "hideFrom": {"legend": False, "tooltip": False, "viz": False}}}
    return panel("heatmap", title, description, unit, [Query(expr, "{{le}}", "heatmap")], defaults, options)


def variable(name, label, query, several=True):
    """A variable whose values are those of a label."""
    choice = {"multi": True, "includeAll": True, "allValue": ".+", "current": ALL} if several else {
        "multi": False, "includeAll": False}
    return {"type": "query", "name": name, "label": label, "datasource": DATASOURCE,
            "query": query.replace("@", MATCHERS), "definition": query.replace("@", MATCHERS), "refresh": 2, "sort": 1,
            "regex": "", "options": [], "hide": 0, "skipUrlSync": False, **choice}


def variables(metric, *more):
    """The data source, and the jobs and instances that have `metric`."""
    datasource = {"type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
                  "regex": "", "options": [], "hide": 0, "refresh": 1, "multi": False,
                  "includeAll": False, "skipUrlSync": False}
    return [datasource, variable("job", "Job", f"label_values({metric}, job)"),
            variable("instance", "Instance", f'label_values({metric}{{job=~"$job"}}, instance)'), *more]


def place(rows):
    """Panels in the grid: each row is its title, the height of its panels, and lines of panels of equal width."""
    placed, top = [], 0
    for title, height, *lines in rows:
        placed.append({"type": "row", "title": title, "collapsed": False, "panels": [],
                       "gridPos": {"x": 0, "y": top, "w": WIDTH, "h": 1}})
        top += 1
        for line in lines:
            width = WIDTH // len(line)
            for column, one in enumerate(line):
                placed.append({**one, "gridPos": {"x": column * width, "y": top, "w": width, "h": height}})
            top += height
    return [{"id": number, **one} for number, one in enumerate(placed, start=1)]


def dashboard(uid, title, description, names, rows):
    """A dashboard of these variables and rows, which links to the other ones with the tag recurve."""
    link = {"title": "Recurve", "type": "dashboards", "tags": ["recurve"], "asDropdown": False, "icon": "external link",
            "includeVars": False, "keepTime": True, "targetBlank": False, "tooltip": "", "url": ""}
    return {
        "uid": uid, "title": title, "description": description, "tags": ["recurve"], "editable": False,
        "schemaVersion": SCHEMA_VERSION, "version": 1, "timezone": "browser", "refresh": "30s", "graphTooltip": 1,
        "time": {"from": "now-1h", "to": "now"}, "timepicker": {}, "fiscalYearStartMonth": 0, "weekStart": "",
        "annotations": {"list": []}, "links": [link], "templating": {"list": names}, "panels": place(rows)}
