"""A gRPC client that shares no code with ours: grpcio, which sits on BoringSSL.

    client.py [options] calls|nodes|unknown|files|refused|state

Prints one JSON object a case: case, pass, code, detail, messages, bytes, firstMs, totalMs. Exits 1
when a case failed, 2 when the arguments are wrong.
"""

import argparse
import json
import socket
import ssl
import sys

import cases
from wire import SERVICES, Answer, Api, credentials, open_channel, raw_call

# Refused before any service sees the call: by the TLS layer, or by name.
SHUT_OUT = ("UNAVAILABLE", "UNAUTHENTICATED")


class Report:
    def __init__(self):
        self.failed = 0

    def line(self, name, why, answer):
        self.failed += why is not None
        size = sum(message.ByteSize() for message in answer.messages if hasattr(message, "ByteSize"))
        record = {
            "case": name,
            "pass": why is None,
            "code": answer.code,
            "detail": why or answer.details,
            "messages": len(answer.messages),
            "bytes": size,
            "firstMs": None if answer.first_ms is None else round(answer.first_ms, 1),
            "totalMs": round(answer.total_ms, 1),
        }
        print(json.dumps(record), flush=True)


def run_cases(args, api, report, wanted):
    """Runs cases over one channel, as a long-lived client would."""
    metadata = [("nodes", node) for node in args.node]
    with channel_of(args) as channel:
        for case in wanted:
            if case.destructive and not args.destructive:
                continue
            answer = api.call(
                channel,
                case.service,
                case.method,
                case.request,
                metadata=metadata,
                timeout=args.timeout,
                limit=case.limit,
            )
            report.line(f"{case.service}/{case.name}", fault(case, answer, args.node), answer)


def fault(case, answer, nodes):
    """Why the answer is not what the case wants. With nodes, failures travel inside messages."""
    code = answer.code
    if nodes and code == "OK":
        elements = elements_of(answer)
        strangers = {m.metadata.hostname for m in elements} - set(nodes)
        if strangers:
            return f"answers of nodes that were not asked: {sorted(strangers)}"
        failures = [m.metadata for m in elements if m.metadata.error]
        if failures:
            allowed = {code_number(name) for name in case.allow}
            bad = [m.error for m in failures if m.status.code not in allowed]
            return bad[0] if bad else None
    if code not in case.allow:
        return f"{code} is not one of {' '.join(sorted(case.allow))}: {answer.details}"
    if code != "OK":
        return f"{len(answer.messages)} messages came before the refusal" if answer.messages else None
    if "OK" in case.allow and not answer.messages:
        return None if case.check(Answer("OK", "")) is None else "no message came"
    return case.check(answer)


def code_number(name):
    import grpc

    return grpc.StatusCode[name].value[0]


def elements_of(answer):
    """The per-node messages: elements of unary replies, or a stream's messages."""
    found = []
    for message in answer.messages:
        nested = "messages" in message.DESCRIPTOR.fields_by_name
        found.extend(message.messages if nested else [message])
    return found


def channel_of(args):
    if args.plaintext:
        return open_channel(args.endpoint, None)
    return open_channel(args.endpoint, credentials(args.ca, args.crt, args.key))


def calls(args, api, report):
    wanted = cases.machine_cases(args.directory, args.file) + cases.other_cases()
    run_cases(args, api, report, wanted)
    have = {(case.service, case.method) for case in wanted}
    every = {(service, method) for service in SERVICES for method in api.methods(service)}
    missing = sorted("/".join(pair) for pair in every - have)
    why = f"no case for {', '.join(missing)}" if missing else None
    report.line("every method has a case", why, Answer("OK", f"{len(every)} methods"))


def files(args, api, report):
    run_cases(args, api, report, cases.file_cases(args.path))


def state(args, api, report):
    """The resources and the dependencies of a configured node."""
    run_cases(args, api, report, cases.state_cases())


def nodes(args, api, report):
    """One node that answers, one that does not, in one call."""
    if len(args.node) != 1 or not args.dead:
        sys.exit("client.py: nodes needs one --node and --dead")
    alive, dead = args.node[0], args.dead
    version = ("machine.MachineService", "Version", {})
    read = ("machine.MachineService", "Read", {"path": args.file})

    def ask(channel, what, targets):
        metadata = [("nodes", node) for node in targets]
        return api.call(channel, *what, metadata=metadata, timeout=args.timeout)

    def verdict(answer, good, want_alive, want_dead):
        if answer.code != "OK":
            return f"{answer.code}: {answer.details}"
        by_node = {}
        for element in elements_of(answer):
            by_node.setdefault(element.metadata.hostname, []).append(element)
        want = ({alive} if want_alive else set()) | ({dead} if want_dead else set())
        if set(by_node) != want:
            return f"answers are of {sorted(by_node)}, not of {sorted(want)}"
        if want_alive and not any(good(m) for m in by_node[alive]):
            return f"{alive} gave nothing"
        if want_alive and any(m.metadata.error for m in by_node[alive]):
            return f"{alive} failed: {by_node[alive][0].metadata.error}"
        if not want_dead:
            return None
        failures = [m.metadata for m in by_node[dead]]
        if len(failures) != 1 or not failures[0].error or not failures[0].status.code:
            return f"{dead} is not one entry with error and status: {failures}"
        return None if not any(good(m) for m in by_node[dead]) else f"{dead} gave data"

    with channel_of(args) as channel:
        for name, what, good in (
            ("unary", version, lambda m: m.version.tag),
            ("stream", read, lambda m: m.bytes),
        ):
            for label, targets in (
                ("one of two dead", [alive, dead]),
                ("the first of two dead", [dead, alive]),
                ("alive alone", [alive]),
                ("dead alone", [dead]),
            ):
                answer = ask(channel, what, targets)
                why = verdict(answer, good, alive in targets, dead in targets)
                report.line(f"nodes, {name}: {label}", why, answer)
        answer = ask(channel, version, [f" {alive} "])
        why = verdict(answer, lambda m: m.version.tag, True, False)
        report.line("nodes: space around a name is no part of it", why, answer)
        answer = ask(channel, version, [])
        names = [m.metadata.hostname for m in elements_of(answer)]
        why = None if answer.code == "OK" and names == [""] else f"{answer.code} from {names}"
        report.line("nodes: none named, the endpoint answers", why, answer)


def unknown(args, api, report):
    """Methods and services that do not exist get a gRPC status, not a transport error."""
    wanted = [(f"/{service}/Nonsense", "UNIMPLEMENTED", "Nonsense") for service in SERVICES]
    nonsense = "nonsense.NonsenseService"
    wanted.append((f"/{nonsense}/Disks", "UNKNOWN", f"service {nonsense} is not defined"))
    wanted.append(("/nonsense", "UNIMPLEMENTED", ""))
    with channel_of(args) as channel:
        for path, code, text in wanted:
            answer = raw_call(channel, path, timeout=args.timeout)
            good = answer.code == code and text in answer.details
            why = None if good else f"{answer.code} {answer.details!r}, not {code} {text!r}"
            report.line(f"unknown {path}", why, answer)


def refused(args, api, report):
    """With these credentials every method is refused, each on a connection of its own."""
    wanted = cases.machine_cases(args.directory, args.file) + cases.other_cases()
    for case in wanted:
        if case.destructive and not args.destructive:
            continue
        with channel_of(args) as channel:
            answer = api.call(
                channel, case.service, case.method, case.request, timeout=args.timeout, limit=1
            )
        why = None
        if answer.messages:
            why = "a message came"
        elif answer.code not in SHUT_OUT:
            why = f"{answer.code} is not one of {' '.join(SHUT_OUT)}: {answer.details}"
        report.line(f"refused, {args.label}: {case.service}/{case.name}", why, answer)
    if not args.plaintext:
        old_tls(args, report)


def old_tls(args, report):
    """TLS 1.2 is refused, whatever the certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(args.ca)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["h2"])
    host, _, port = args.endpoint.rpartition(":")
    why, detail = "a TLS 1.2 handshake went through", ""
    try:
        with socket.create_connection((host.strip("[]"), int(port)), args.timeout) as plain:
            with context.wrap_socket(plain) as secure:
                detail = str(secure.version())
    except (ssl.SSLError, ConnectionError) as error:
        why, detail = None, str(error)
    report.line(f"refused, {args.label}: TLS 1.2", why, Answer("UNAVAILABLE", detail))


COMMANDS = {f.__name__: f for f in (calls, nodes, unknown, files, refused, state)}


def main():
    parser = argparse.ArgumentParser(description="A foreign client of the node's API")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("--descriptors", required=True, help="file that protoc -o wrote")
    parser.add_argument("--endpoint", required=True, help="host:port")
    parser.add_argument("--ca", help="PEM file of the CA")
    parser.add_argument("--crt", help="PEM file of the client certificate; none is shown without")
    parser.add_argument("--key", help="PEM file of its key")
    parser.add_argument("--plaintext", action="store_true", help="no TLS at all")
    parser.add_argument("--node", action="append", default=[], help="who is to answer; repeatable")
    parser.add_argument("--dead", help="a node that does not answer")
    parser.add_argument("--directory", default="/etc", help="a folder on the node that is small")
    parser.add_argument("--file", default="/etc/os-release", help="a regular file in it")
    parser.add_argument("--path", action="append", default=[], help="for files: must be refused")
    parser.add_argument("--label", default="credentials", help="for refused: what is wrong")
    parser.add_argument("--timeout", type=float, default=10.0, help="seconds for each call")
    parser.add_argument("--destructive", action="store_true", help="also what ends or changes a node")
    args = parser.parse_args()
    if not args.plaintext and not args.ca:
        parser.error("--ca or --plaintext is needed")
    report = Report()
    COMMANDS[args.command](args, Api(args.descriptors), report)
    sys.exit(1 if report.failed else 0)


if __name__ == "__main__":
    main()
