"""Panels and dashboards as Grafana imports them.

https://grafana.com/docs/grafana/latest/visualizations/dashboards/build-dashboards/view-dashboard-json-model/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final, Literal

_COLUMNS: Final = 24
_SOURCE: Final = {"type": "prometheus", "uid": "${datasource}"}
_FIRING: Final = 'ALERTS{alertname=~"Podline.*",alertstate="firing"}'

Kind = Literal["timeseries", "stat", "state-timeline", "table"]
_HEIGHTS: Final[Mapping[Kind, int]] = {"timeseries": 8, "stat": 4, "state-timeline": 7, "table": 9}
"""In rows of Grafana, each of 38 pixels."""
MANY_SERIES: Final = 4
"""With more, a list of names below a graph is hard to read."""


@dataclass(frozen=True, slots=True)
class Panel:
    """What is drawn of one or several queries, each with its legend."""

    title: str
    about: str
    """What it shows, and what to do about it."""
    queries: tuple[tuple[str, str], ...]
    kind: Kind = "timeseries"
    width: int = 12
    """Of 24 columns."""
    unit: str = "none"
    """One of Grafana's units; `none` is a count, and `short` any other number."""
    alerts: tuple[str, ...] = ()
    """Those that fire because of what it shows. The runbook has a section for each."""
    limit: float | None = None
    """Above it is red: the first of its alerts fires there, if it stays so."""
    is_minimum: bool = False
    """Whether it is red below the limit instead."""
    stacked: bool = False
    """Whether its series are parts of a whole."""
    series: int = MANY_SERIES
    """About how many series it has."""
    colors: Mapping[str, str] = field(default_factory=dict)
    """By a regular expression of the series' names."""
    nothing: str | None = None
    """What it says if it has no series, where that is normal. A figure says `unknown`."""

    def drawn(self, number: int, x: int, y: int, height: int) -> dict[str, Any]:
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self._description(),
            "datasource": _SOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": height},
            "fieldConfig": {"defaults": self._defaults(), "overrides": self._overrides()},
            "options": self._options(),
            "transformations": [_COLUMNS_OF_ALERTS] if self.kind == "table" else [],
            "targets": [self._target(place) for place in range(len(self.queries))],
        }

    def _description(self) -> str:
        if not self.alerts:
            return self.about
        return f"{self.about}\n\ndocs/runbook.md: {', '.join(self.alerts)}."

    def _defaults(self) -> dict[str, Any]:
        found: dict[str, Any] = {"thresholds": {"mode": "absolute", "steps": self._steps()}}
        if self.nothing is not None:
            found["noValue"] = self.nothing
        if self.kind == "table":
            return found
        found |= {"unit": self.unit, "min": 0}
        if self.unit == "none":
            found["decimals"] = 0
        if self.kind == "stat":
            found["mappings"] = [_UNKNOWN]
        elif self.kind == "state-timeline":
            found |= {"mappings": [_UP_OR_DOWN], "custom": {"fillOpacity": 80, "lineWidth": 0}}
        elif self.kind == "timeseries":
            found["custom"] = self._lines()
        return found

    def _steps(self) -> list[dict[str, Any]]:
        if self.limit is None:
            return [{"color": "text", "value": None}]
        below, above = ("red", "green") if self.is_minimum else ("green", "red")
        return [{"color": below, "value": None}, {"color": above, "value": self.limit}]

    def _lines(self) -> dict[str, Any]:
        """The axis shows the limit, and does not end at 100 where all counts are 0."""
        soft_max = 1 if self.unit == "none" else self.limit
        return {
            "fillOpacity": 60 if self.stacked else 0,
            "lineWidth": 0 if self.stacked else 1,  # a part that is 0 would be a line on the others
            "showPoints": "never",
            **({} if soft_max is None else {"axisSoftMax": soft_max}),
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if self.limit is None else "dashed"},
        }

    def _overrides(self) -> list[dict[str, Any]]:
        """Names that share an expression get shades of its color; a later one wins."""
        if self.kind == "table":
            return [dict(each) for each in _CELLS_OF_ALERTS]
        return [
            {
                "matcher": {"id": "byRegexp", "options": f"/^(?:{names})$/"},
                "properties": [{"id": "color", "value": {"mode": "shades", "fixedColor": color}}],
            }
            for names, color in self.colors.items()
        ]

    def _options(self) -> dict[str, Any]:
        if self.kind == "stat":
            return {
                "graphMode": "none",
                "colorMode": "none" if self.limit is None else "background",
                "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            }
        if self.kind == "state-timeline":
            return {"showValue": "auto", "mergeValues": True, "legend": {"showLegend": False}}
        if self.kind == "table":
            return {"showHeader": True}
        return {"legend": self._legend(), "tooltip": {"mode": "multi", "sort": "desc"}}

    def _legend(self) -> dict[str, Any]:
        if self.series <= MANY_SERIES:
            return {"showLegend": True, "displayMode": "list", "placement": "bottom", "calcs": []}
        return {
            "showLegend": True,
            "displayMode": "table",
            "placement": "right",
            "calcs": ["lastNotNull", "max"],
            "sortBy": "Max",
            "sortDesc": True,
        }

    def _target(self, place: int) -> dict[str, Any]:
        """Figures are those of now: in a range, an old one would hide that there is none."""
        query, legend = self.queries[place]
        is_instant = self.kind in ("stat", "table")
        return {
            "refId": chr(ord("A") + place),
            "datasource": _SOURCE,
            "expr": query,
            "legendFormat": legend,
            "instant": is_instant,
            "range": not is_instant,
            "format": "table" if self.kind == "table" else "time_series",
        }


_UNKNOWN: Final = {
    "type": "special",
    "options": {"match": "null+nan", "result": {"text": "unknown", "color": "orange", "index": 0}},
}
_UP_OR_DOWN: Final = {
    "type": "value",
    "options": {
        "0": {"text": "down", "color": "red", "index": 0},
        "1": {"text": "up", "color": "green", "index": 1},
    },
}


def firing(labels: Sequence[str]) -> str:
    """The seconds for which each alert has been true, with the labels that say where."""
    joined = ", ".join(f'"{label}"' for label in labels)
    return (
        f"sort_desc(max by (severity, alertname, where) (label_join((time() - ALERTS_FOR_STATE) "
        f'and ignoring (alertstate) {_FIRING}, "where", " ", {joined})))'
    )


_COLUMNS_OF_ALERTS: Final[Mapping[str, Any]] = {
    "id": "organize",
    "options": {
        "excludeByName": {"Time": True},
        "indexByName": {"severity": 0, "alertname": 1, "where": 2, "Value": 3},
        "renameByName": {
            "severity": "Severity",
            "alertname": "Alert",
            "where": "Where",
            "Value": "For",
        },
    },
}
_CELLS_OF_ALERTS: Final[Sequence[Mapping[str, Any]]] = (
    {
        "matcher": {"id": "byName", "options": "For"},
        "properties": [{"id": "unit", "value": "s"}],
    },
    {
        "matcher": {"id": "byName", "options": "Severity"},
        "properties": [
            {"id": "custom.cellOptions", "value": {"type": "color-background"}},
            {
                "id": "mappings",
                "value": [
                    {
                        "type": "value",
                        "options": {
                            "critical": {"color": "red", "index": 0},
                            "warning": {"color": "orange", "index": 1},
                        },
                    }
                ],
            },
        ],
    },
)


def dashboard(
    uid: str, title: str, panels: Sequence[Panel], variables: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """A dashboard with links to all others that have its tag."""
    return {
        "uid": uid,
        "title": title,
        "tags": ["podline"],
        "timezone": "utc",
        "schemaVersion": 39,
        "refresh": "15s",
        "graphTooltip": 1,  # the cursor is shown in all panels at once
        "time": {"from": "now-1h", "to": "now"},
        "links": [_LINKS],
        "annotations": {"list": list(_ANNOTATIONS)},
        "templating": {"list": [_DATASOURCE, *variables]},
        "panels": list(_placed(panels)),
    }


def query_variable(name: str, label: str, query: str) -> dict[str, Any]:
    """A variable whose values Prometheus has."""
    return {
        "name": name,
        "label": label,
        "type": "query",
        "datasource": _SOURCE,
        "query": {"query": query, "refId": "Variable"},
        "refresh": 1,
        "sort": 1,
    }


_DATASOURCE: Final[dict[str, Any]] = {
    "name": "datasource",
    "label": "Prometheus",
    "type": "datasource",
    "query": "prometheus",
    "current": {"text": "Podline", "value": "podline"},
}
_LINKS: Final[dict[str, Any]] = {
    "type": "dashboards",
    "title": "Podline",
    "tags": ["podline"],
    "asDropdown": False,
    "keepTime": True,
    "includeVars": False,
    "targetBlank": False,
}


def _annotation(name: str, color: str, expr: str, title: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": _SOURCE,
        "enable": True,
        "iconColor": color,
        "expr": expr,
        "step": "15s",
        "titleFormat": title,
    }


def recent(counter: str, by: str, span: str) -> str:
    """How often it counted within the span.

    A series that begins with its first count has an increase of 0: what it has is all recent.
    """
    counted = f"(increase({counter}[{span}]) and {counter} offset {span}) or {counter}"
    return f"round(sum by ({by}) ({counted}))"


_ANNOTATIONS: Final = (
    _annotation("Alerts", "red", f"max by (alertname) ({_FIRING})", "{{alertname}}"),
    _annotation(
        "Restarts",
        "orange",
        f"{recent('podline_child_restarts_total', 'child, why', '1m')} > 0",
        "{{child}} {{why}}",
    ),
)


def _placed(panels: Sequence[Panel]) -> Iterator[dict[str, Any]]:
    """From left to right, in rows that are as high as their highest panel."""
    number, y = count(1), 0
    for row in _rows(panels):
        height, x = max(_HEIGHTS[panel.kind] for panel in row), 0
        for panel in row:
            yield panel.drawn(next(number), x, y, height)
            x += panel.width
        y += height


def _rows(panels: Sequence[Panel]) -> Iterator[list[Panel]]:
    row: list[Panel] = []
    for panel in panels:
        if sum(each.width for each in row) + panel.width > _COLUMNS:
            yield row
            row = []
        row.append(panel)
    yield row
