"""What each method is asked, and what an answer must hold. `check` gives a sentence when it does not."""

import io
import tarfile
from dataclasses import dataclass
from typing import Callable

# A node says no with these; anything else means that something broke on the way.
REFUSALS = frozenset(
    "NOT_FOUND INVALID_ARGUMENT FAILED_PRECONDITION PERMISSION_DENIED UNIMPLEMENTED UNKNOWN".split()
)
OK = frozenset({"OK"})
NOBODY = "conformance-nobody"


@dataclass
class Case:
    name: str
    service: str
    method: str
    request: dict
    check: Callable = lambda answer: None
    allow: frozenset = OK
    limit: int | None = None
    destructive: bool = False


def each(rule, sentence):
    """Every element of a unary reply follows `rule`."""

    def check(answer):
        elements = list(answer.messages[0].messages)
        if not elements:
            return "the reply has no element"
        return None if all(rule(element) for element in elements) else sentence

    return check


def some_data(answer):
    return None if answer.data() else "no byte came"


def gzip_tar(answer):
    with tarfile.open(fileobj=io.BytesIO(answer.data()), mode="r:gz") as tar:
        return None if tar.getnames() else "the archive is empty"


def lists(name):
    def check(answer):
        names = {entry.name.rsplit("/", 1)[-1] for entry in answer.messages}
        return None if name in names else f"{name} is not listed among {sorted(names)[:20]}"

    return check


def is_event(answer):
    url = answer.messages[0].data.type_url
    return None if url.startswith("talos/runtime/machine.") else f"type URL is {url!r}"


def machine_cases(directory, file):
    name = file.rsplit("/", 1)[-1]

    def case(method, request, check=lambda answer: None, **more):
        return Case(method, "machine.MachineService", method, request, check, **more)

    def may(method, request=None, check=lambda answer: None):
        """A method that may be refused, by a node's state or release, but never breaks."""
        when_ok = lambda answer: check(answer) if answer.code == "OK" else None
        return case(method, request or {}, when_ok, allow=OK | REFUSALS)

    def no(method, request):
        return case(method, request, allow=REFUSALS)

    def destructive(method, request=None):
        return case(method, request or {}, allow=OK | REFUSALS, destructive=True)

    tail = case("Logs", {"id": "machined", "namespace": "system", "tailLines": 1}, some_data)
    tail.name = "Logs with a tail"
    return [
        case("Version", {}, each(lambda m: m.version.tag.startswith("v"), "a tag is no version")),
        case("Hostname", {}, each(lambda m: m.hostname, "a host name is empty")),
        case("Memory", {}, each(lambda m: m.meminfo.memtotal > m.meminfo.memfree > 0, "no memory")),
        case("LoadAvg", {}, each(lambda m: m.load1 >= 0, "a load is negative")),
        case("CPUInfo", {}, each(lambda m: len(m.cpu_info) > 0, "there is no processor")),
        case("SystemStat", {}, each(lambda m: m.boot_time > 0, "there is no boot time")),
        case("DiskStats", {}, each(lambda m: True, "")),
        case("NetworkDeviceStats", {}, each(lambda m: len(m.devices) > 0, "there is no device")),
        case("Mounts", {}, each(lambda m: any(s.mounted_on == "/" for s in m.stats), "no root")),
        case("Processes", {}, each(lambda m: any(p.pid == 1 for p in m.processes), "no PID 1")),
        case(
            "ServiceList",
            {},
            each(
                lambda m: {"apid", "machined"} <= {s.id for s in m.services},
                "apid or machined is not listed",
            ),
        ),
        case("Dmesg", {}, some_data),
        case("Logs", {"id": "machined", "namespace": "system", "tailLines": -1}, some_data),
        tail,
        case("List", {"root": directory}, lists(name)),
        case("DiskUsage", {"paths": [directory]}, lambda a: None if a.messages[-1].size else "0 B"),
        case("Read", {"path": file}, some_data),
        case("Copy", {"rootPath": directory}, gzip_tar),
        case("Events", {"tailEvents": -1}, is_event, limit=1),
        may("Containers", {"namespace": "system"}),
        may("Stats", {"namespace": "system"}),
        may("Kubeconfig", None, gzip_tar),
        may("GenerateConfiguration"),
        may("EtcdMemberList"),
        may("EtcdSnapshot", None, some_data),
        may("EtcdStatus"),
        may("RemoveBootkubeInitializedKey"),
        no("Recover", {}),
        no("Restart", {"namespace": "system", "id": NOBODY}),
        no("ServiceStart", {"id": NOBODY}),
        no("ServiceStop", {"id": NOBODY}),
        no("ServiceRestart", {"id": NOBODY}),
        no("EtcdRemoveMember", {"member": NOBODY}),
        no("EtcdRecover", {}),
        *map(destructive, ["ApplyConfiguration", "Bootstrap", "EtcdForfeitLeadership"]),
        *map(destructive, ["EtcdLeaveCluster", "Reboot", "Reset", "Rollback", "Shutdown"]),
        destructive("Upgrade", {"image": "127.0.0.1:1/nowhere:none"}),
    ]


def other_cases():
    interfaces = each(lambda m: any(i.name == "lo" for i in m.interfaces), "lo is missing")
    # Without a reachable server both say so; the one asked for here never answers.
    unreachable = OK | REFUSALS | {"UNAVAILABLE", "DEADLINE_EXCEEDED"}
    check = {"server": "127.0.0.1"}
    return [
        Case("Interfaces", "network.NetworkService", "Interfaces", {}, interfaces),
        Case("Routes", "network.NetworkService", "Routes", {}),
        Case("Time", "time.TimeService", "Time", {}, allow=unreachable),
        Case("TimeCheck", "time.TimeService", "TimeCheck", check, allow=unreachable),
    ]


def file_cases(paths):
    """Paths that are no regular files, or not to be read: refused with no byte and without a wait."""

    def case(path, method, key):
        return Case(f"{method} {path}", "machine.MachineService", method, {key: path}, allow=REFUSALS)

    return [case(path, "Read", "path") for path in paths]


def resource_of(rule, sentence):
    """The one resource of a Get follows `rule`."""

    def check(answer):
        resources = [m.resource for m in answer.messages[0].messages if m.HasField("resource")]
        if len(resources) != 1:
            return f"{len(resources)} resources came"
        return None if rule(resources[0]) else sentence

    return check


def resources_of(ids):
    """A List or Watch begins with the definition; among its resources are those with `ids`."""

    def check(answer):
        if not answer.messages[0].HasField("definition"):
            return "the first message is no definition"
        found = {m.resource.metadata.id for m in answer.messages if m.HasField("resource")}
        missing = sorted(set(ids) - found)
        return f"{missing} are missing among {sorted(found)}" if missing else None

    return check


def edges(answer):
    kinds = {edge.edge_type for edge in answer.messages[0].messages[0].edges}
    return None if {0, 2} <= kinds else f"there are edges of the types {sorted(kinds)} only"


def state_cases():
    def case(name, method, request, check=lambda answer: None, **more):
        return Case(name, "resource.ResourceService", method, request, check, **more)

    def yaml_has(text):
        return resource_of(lambda r: text in r.spec.yaml.decode(), f"{text!r} is not in the spec")

    namespaces = "config controlplane extras meta runtime secrets".split()
    types = ["namespaces.meta.cosi.dev", "staticpods.kubernetes.talos.dev"]
    comment = "# Indicates the schema used to decode the contents."
    invalid, missing = frozenset({"INVALID_ARGUMENT"}), frozenset({"NOT_FOUND"})
    no = lambda answer: None
    return [
        case("List rd", "List", {"type": "rd"}, resources_of(types)),
        case("List namespaces", "List", {"type": "namespaces"}, resources_of(namespaces)),
        case("Get ns config", "Get", {"type": "ns", "id": "config"}, yaml_has("description")),
        case("Get rd", "Get", {"type": "RD", "id": types[0]}, yaml_has("defaultNamespace: meta")),
        case("Get mc", "Get", {"type": "mc", "id": "v1alpha1"}, yaml_has(comment)),
        case("List svc", "List", {"type": "svc", "namespace": "runtime"}, resources_of(["apid"])),
        case("Watch svc", "Watch", {"type": "svc"}, resources_of(["apid"]), limit=4),
        case("an alias of two types", "Get", {"type": "sps", "id": "x"}, no, allow=invalid),
        case("an unknown type", "List", {"type": "nonsense"}, no, allow=missing),
        case("an unknown namespace", "List", {"type": "rd", "namespace": "x"}, no, allow=missing),
        Case(
            "ControllerRuntimeDependencies",
            "inspect.InspectService",
            "ControllerRuntimeDependencies",
            {},
            edges,
        ),
    ]
