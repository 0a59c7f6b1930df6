import assert from "node:assert/strict";
import { ClusterService } from "$proto/cluster/cluster_pb.ts";
import { Health } from "$proto/health/health_pb.ts";
import { InspectService } from "$proto/inspect/inspect_pb.ts";
import { MachineService } from "$proto/machine/machine_pb.ts";
import { NetworkService } from "$proto/network/network_pb.ts";
import { ResourceService } from "$proto/resource/resource_pb.ts";
import { SecurityService } from "$proto/security/security_pb.ts";
import { StorageService } from "$proto/storage/storage_pb.ts";
import { TimeService } from "$proto/time/time_pb.ts";
import { isStreaming } from "./streaming.ts";

const SERVICES = [
  ClusterService,
  Health,
  InspectService,
  MachineService,
  NetworkService,
  ResourceService,
  SecurityService,
  StorageService,
  TimeService,
];

Deno.test("isStreaming() agrees with the descriptor of every method of the API", () => {
  for (const service of SERVICES) {
    for (const method of service.methods) {
      const path = `/${service.typeName}/${method.name}`;
      assert.equal(isStreaming(path), method.methodKind === "server_streaming", path);
    }
  }
});

Deno.test("isStreaming() takes any method named …Stream for one", () => {
  assert.equal(isStreaming("/some.Service/CopyStream"), true);
  assert.equal(isStreaming("/some.Service/StreamCopy"), false);
  assert.equal(isStreaming("/some.Service/Stream"), false);
});
