"""The actions of a small company: enough to write graphs that are wrong in every way."""

from interlock.actions import AnyAction, Effect, Registry, declare
from interlock.values import Json, Schema

STRING: Schema = {"type": "string"}
INTEGER: Schema = {"type": "integer"}
NUMBER: Schema = {"type": "number"}
BOOLEAN: Schema = {"type": "boolean"}
DATE: Schema = {"type": "string", "format": "date"}
URI: Schema = {"type": "string", "format": "uri"}


def record(*optional: str, **fields: Schema) -> Schema:
    """An object with declared fields; all are required but those named."""
    required: list[Json] = [name for name in fields if name not in optional]
    return {"type": "object", "properties": dict(fields), "required": required}


def takes(*optional: str, **fields: Schema) -> dict[str, Json]:
    """Arguments: as a function has them, others are refused; a default makes one optional."""
    required: list[Json] = [
        name
        for name, part in fields.items()
        if name not in optional and not (isinstance(part, dict) and "default" in part)
    ]
    properties: dict[str, Json] = dict(fields)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


def array(item: Schema) -> Schema:
    return {"type": "array", "items": item}


def one_of(*values: Json) -> Schema:
    return {"enum": list(values)}


def either(*branches: Schema) -> Schema:
    return {"anyOf": list(branches)}


NULL: Schema = {"type": "null"}
ANYTHING: Schema = True
DOC = record(id=STRING, url=URI)
ROW = record(id=STRING, size=INTEGER)
ADDRESS: Schema = {"type": "string", "format": "email"}
MESSAGE = takes(
    to={"type": "array", "items": ADDRESS, "minItems": 1},
    subject={"type": "string", "maxLength": 60},
    body=STRING,
    priority={"enum": ["low", "high"], "default": "low"},
)


SLOT = takes("minutes", **{"from": {"type": "string", "format": "date-time"}, "minutes": INTEGER})
BOOKING = {
    **takes("room", "link", slot=SLOT, room=STRING, link=URI),
    "oneOf": [{"required": ["room"]}, {"required": ["link"]}],
}


def no_answer(**_: object) -> Json:
    """Compile never calls an action."""
    raise AssertionError


def made(name: str, effect: Effect, arguments: Schema, returns: Schema = ANYTHING) -> AnyAction:
    return declare(name, no_answer, effect=effect, arguments=arguments, returns=returns)


BUILT = record(ref=STRING, digest=STRING, size_bytes=INTEGER)
TESTED = record(
    passed=BOOLEAN, failed=INTEGER, coverage=NUMBER, report=either(STRING, NULL), flaky=BOOLEAN
)
DEPLOYED = record(id=STRING, url=URI, image=STRING, env=one_of("staging", "prod"))
PROBED = record(
    "body",
    status=INTEGER,
    headers={"type": "object", "additionalProperties": STRING},
    body=STRING,
    timing=record(total_ms=NUMBER),
)
LISTED = record("next", docs=array(DOC), next=STRING, names=array(STRING))
ASKED = record(text=STRING, tokens=INTEGER, score=either(NUMBER, NULL), sure=either(BOOLEAN, NULL))

ACTIONS = Registry(
    [
        made("ci.build", "write", takes(service=STRING, version=STRING), BUILT),
        made("ci.test", "read", takes("suites", image=STRING, suites=array(STRING)), TESTED),
        made(
            "deploy.apply",
            "write",
            takes(
                image=STRING,
                env=one_of("staging", "prod"),
                replicas={"type": "integer", "minimum": 1, "maximum": 50, "default": 2},
            ),
            DEPLOYED,
        ),
        made("deploy.rollback", "write", takes(deployment=STRING)),
        made("probe.http", "read", takes("wait_s", url=URI, wait_s=NUMBER), PROBED),
        made("s3.list", "read", takes(day=DATE), LISTED),
        made("http.get", "read", takes(url=URI), {"type": "object"}),
        made("page.size", "pure", takes(url=URI), ROW),
        made("db.load", "write", takes(rows=array(ROW)), record(rows=INTEGER)),
        made("db.count", "read", takes(), INTEGER),
        made("llm.ask", "read", takes("temperature", prompt=STRING, temperature=NUMBER), ASKED),
        made("llm.graph", "read", takes(goal=STRING)),
        made("mail.send", "write", MESSAGE, record(id=STRING)),
        made("k8s.get_pods", "read", takes(namespace=STRING), array(record(name=STRING))),
        made("k8s.get_logs", "read", takes(pod=STRING), STRING),
        made("k8s.delete_pod", "write", takes(pod=STRING)),
        made("any.echo", "pure", {"type": "object"}),
        made("git.tag", "write", takes(name={"type": "string", "pattern": "^v?[0-9.]+$"})),
        made("cal.book", "write", BOOKING),
    ]
)
