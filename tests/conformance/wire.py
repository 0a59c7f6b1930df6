"""Calls any method of the API, from the descriptors that protoc makes of our .proto files.

Generated modules are not used: packages named `time` and `inspect` would hide Python's own.
"""

import time
from dataclasses import dataclass, field

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, json_format, message_factory

SERVICES = ("machine.MachineService", "network.NetworkService", "time.TimeService")


@dataclass
class Answer:
    """How one call went: its status and what came before it."""

    code: str
    details: str
    messages: list = field(default_factory=list)
    first_ms: float | None = None
    total_ms: float = 0.0

    def data(self):
        return b"".join(message.bytes for message in self.messages)


class Api:
    def __init__(self, descriptor_file):
        with open(descriptor_file, "rb") as file:
            files = descriptor_pb2.FileDescriptorSet.FromString(file.read())
        self.pool = descriptor_pool.DescriptorPool()
        for proto in files.file:
            self.pool.Add(proto)

    def methods(self, service):
        return [method.name for method in self.pool.FindServiceByName(service).methods]

    def call(self, channel, service, method, request, *, metadata=(), timeout=10.0, limit=None):
        """Calls and collects; a stream is left after `limit` messages, which counts as OK."""
        desc = self.pool.FindServiceByName(service).methods_by_name[method]
        kind = message_factory.GetMessageClass(desc.input_type)
        reply = message_factory.GetMessageClass(desc.output_type)
        make = channel.unary_stream if desc.server_streaming else channel.unary_unary
        stub = make(f"/{service}/{method}", kind.SerializeToString, reply.FromString)
        message = json_format.ParseDict(request, kind())
        return collect(stub, message, desc.server_streaming, metadata, timeout, limit)


def collect(stub, message, streaming, metadata, timeout, limit):
    answer = Answer("OK", "")
    start = time.monotonic()
    try:
        result = stub(message, metadata=metadata, timeout=timeout)
        for one in result if streaming else [result]:
            if answer.first_ms is None:
                answer.first_ms = (time.monotonic() - start) * 1000
            answer.messages.append(one)
            if limit is not None and len(answer.messages) >= limit:
                if streaming:
                    result.cancel()
                break
    except grpc.RpcError as error:
        answer.code, answer.details = error.code().name, error.details() or ""
    answer.total_ms = (time.monotonic() - start) * 1000
    return answer


def raw_call(channel, path, body=b"", timeout=10.0):
    """Calls a path that no descriptor knows."""
    stub = channel.unary_unary(path, lambda bytes_: bytes_, lambda bytes_: bytes_)
    return collect(stub, body, False, (), timeout, None)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def credentials(ca, crt=None, key=None):
    """TLS credentials; the key may have the label ED25519 PRIVATE KEY, which BoringSSL refuses."""
    if crt is None:
        return grpc.ssl_channel_credentials(read(ca))
    private = read(key).replace(b" ED25519 PRIVATE KEY", b" PRIVATE KEY")
    return grpc.ssl_channel_credentials(read(ca), private, read(crt))


def open_channel(endpoint, creds):
    """A channel with connections of its own: a refusal must not be another channel's, remembered."""
    options = [
        ("grpc.use_local_subchannel_pool", 1),
        ("grpc.enable_retries", 0),
        ("grpc.max_receive_message_length", 64 << 20),
    ]
    if creds is None:
        return grpc.insecure_channel(endpoint, options)
    return grpc.secure_channel(endpoint, creds, options)
